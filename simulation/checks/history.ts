/**
 * What masters said was durable, read as plain data: the checks fold it themselves and use nothing of
 * the code that made it.
 */
import type { JobSpec, TaskTemplate } from "../../core/job.js";
import type { Event, Recorded } from "../../master/pure/events.js";
import { worldBeganAtMs } from "../world/machine.js";

export interface TaskStory {
  readonly id: string;
  readonly template: TaskTemplate;
  /** Tasks it waits for, and how they must end. */
  readonly after: readonly { readonly task: string; readonly on: string }[];
  /** Terminal states, in order; more than one only where the job was reopened between. */
  readonly ends: { readonly state: string; readonly seq: number }[];
}

export interface History {
  readonly jobs: ReadonlyMap<string, { readonly key: string; readonly spec: JobSpec }>;
  readonly tasks: ReadonlyMap<string, TaskStory>;
  readonly events: readonly Recorded[];
  /** When a master recorded the end of attempts, in virtual time. */
  readonly attemptEndsMs: ReadonlyMap<string, number>;
  /** Attempts that run their task's fallback. */
  readonly fallbacks: ReadonlySet<string>;
}

/** `job/task#2` is an attempt of `job/task`. */
export const taskOf = (attempt: string): string => attempt.slice(0, attempt.lastIndexOf("#"));

export function launchesIn(
  event: Event,
): readonly { readonly attempt: string; readonly worker: string }[] {
  if (event.type === "AttemptLaunched") return [event];
  return event.type === "GangLaunched" ? event.attempts : [];
}

/** What an attempt takes of pools: its fallback may take other things. */
export function poolsOf(history: History, attempt: string): readonly (readonly [string, number])[] {
  const template = history.tasks.get(taskOf(attempt))?.template;
  const isFallback = history.fallbacks.has(attempt);
  const asked = isFallback ? template?.retry.fallback?.way.pools : template?.pools;
  return Object.entries(asked ?? {});
}

export function historyOf(events: readonly Recorded[]): History {
  const jobs = new Map<string, { readonly key: string; readonly spec: JobSpec }>();
  const tasks = new Map<string, TaskStory>();
  const attemptEndsMs = new Map<string, number>();
  const fallbacks = new Set<string>();
  for (const { event, seq, atMs } of events) {
    if (event.type === "JobSubmitted") {
      jobs.set(event.job, { key: event.idempotencyKey, spec: event.spec });
      for (const story of storiesOf(event.job, event.spec)) tasks.set(story.id, story);
    }
    if (event.type === "AttemptLaunched" && event.mode === "fallback") fallbacks.add(event.attempt);
    if (event.type === "GangLaunched") {
      for (const { attempt, mode } of event.attempts)
        if (mode === "fallback") fallbacks.add(attempt);
    }
    if (event.type === "AttemptEnded") attemptEndsMs.set(event.attempt, atMs - worldBeganAtMs);
    if (event.type === "TaskEnded") {
      tasks.get(event.task)?.ends.push({ state: event.state, seq });
    }
  }
  return { jobs, tasks, events, attemptEndsMs, fallbacks };
}

function storiesOf(job: string, spec: JobSpec): TaskStory[] {
  const ids = spec.tasks.map(({ name }) => `${job}/${name}`);
  return spec.tasks.map((task, index): TaskStory => {
    const template = spec.templates[task.template];
    if (template === undefined) throw new Error(`${job}: no template ${task.template}`);
    const after = spec.edges
      .filter(({ to }) => to === index)
      .map(({ from, on }) => ({ task: ids[from] ?? "", on }));
    return { id: ids[index] ?? "", template, after, ends: [] };
  });
}
