/** Promises about what the predictor says, and about who decides which model it serves. */
import { type History, launchesIn, taskOf } from "./history.js";

/** A revision is a possible estimate, of an open job, and some task of that template waits. */
export function* revisionsInTime(history: History): Iterable<string> {
  const live = new Set<string>();
  const ended = new Set<string>();
  const over = new Set<string>();
  for (const { event, seq } of history.events) {
    for (const { attempt } of launchesIn(event)) live.add(taskOf(attempt));
    switch (event.type) {
      case "TaskBackedOff":
      case "TaskRequeued":
        live.delete(event.task);
        break;
      case "TaskEnded":
        live.delete(event.task);
        ended.add(event.task);
        break;
      case "JobEnded":
        over.add(event.job);
        break;
      case "JobReopened":
        over.delete(event.job);
        for (const task of event.tasks) ended.delete(task);
        break;
      case "EstimatesRevised":
        for (const { job, template, p50Ms, p90Ms } of event.entries) {
          const spec = over.has(job) ? undefined : history.jobs.get(job)?.spec;
          const waits = spec?.tasks.some((entry) => {
            const id = `${job}/${entry.name}`;
            return entry.template === template && !live.has(id) && !ended.has(id);
          });
          if (waits !== true) yield `event ${seq} revises ${job}/${template}, which does not wait`;
          if (!(1 <= p50Ms && p50Ms <= p90Ms && Number.isSafeInteger(p90Ms)))
            yield `event ${seq} says ${p50Ms} to ${p90Ms} ms of ${job}/${template}`;
        }
        break;
      default:
    }
  }
}

/** What a person has pinned stays until a person says otherwise. */
export function* pinsKept(history: History): Iterable<string> {
  let pinned = false;
  for (const { event, seq } of history.events) {
    if (event.type !== "ModelChosen") continue;
    if (pinned && event.by === "planner") yield `event ${seq} replaces what is pinned`;
    pinned = event.pinned;
  }
}
