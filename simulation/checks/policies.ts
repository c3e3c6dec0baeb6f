/**
 * What tasks and jobs say of failures, and what is said of workers, held against what masters
 * recorded: folded here once more, with nothing of the code that decided it.
 */
import type { Recorded } from "../../master/pure/events.js";
import type { History } from "./history.js";

interface Attempts {
  /** Of launches in order: the attempt, and whether it is the fallback's. */
  readonly launches: { readonly attempt: string; readonly fallback: boolean }[];
  readonly ends: Map<string, Extract<Recorded["event"], { type: "AttemptEnded" }>>;
}

function attemptsByTask(history: History): Map<string, Attempts> {
  const all = new Map<string, Attempts>();
  const of = (attempt: string): Attempts => {
    const task = attempt.slice(0, attempt.lastIndexOf("#"));
    const known = all.get(task) ?? { launches: [], ends: new Map() };
    all.set(task, known);
    return known;
  };
  for (const { event } of history.events) {
    const launched =
      event.type === "AttemptLaunched"
        ? [event]
        : event.type === "GangLaunched"
          ? event.attempts
          : [];
    for (const { attempt, mode } of launched) {
      of(attempt).launches.push({ attempt, fallback: mode === "fallback" });
    }
    if (event.type === "AttemptEnded") of(event.attempt).ends.set(event.attempt, event);
  }
  return all;
}

/** An exit code that is never retried is followed by the fallback, or by nothing. */
export function* neverRetried(history: History): Iterable<string> {
  for (const [task, { launches, ends }] of attemptsByTask(history)) {
    const never = history.tasks.get(task)?.template.retry.never ?? [];
    for (const [index, { attempt, fallback }] of launches.entries()) {
      const outcome = ends.get(attempt)?.outcome;
      if (outcome?.kind !== "exited") continue;
      const { exitCode } = outcome;
      const next = launches[index + 1];
      if (next === undefined || !never.some(({ from, to }) => from <= exitCode && exitCode <= to))
        continue;
      if (fallback || !next.fallback) yield `${next.attempt} follows a code ${exitCode}`;
    }
  }
}

/** Attempts that follow one which ended by itself and badly are as many as the job allows. */
export function* budgetsKept(history: History): Iterable<string> {
  const spent = new Map<string, number>();
  for (const [task, { launches, ends }] of attemptsByTask(history)) {
    const job = task.slice(0, task.indexOf("/"));
    launches.slice(0, -1).forEach(({ attempt }) => {
      const outcome = ends.get(attempt)?.outcome;
      const failed =
        outcome?.kind === "timed_out" || (outcome?.kind === "exited" && outcome.exitCode !== 0);
      if (failed) spent.set(job, (spent.get(job) ?? 0) + 1);
    });
  }
  for (const [job, { spec }] of history.jobs) {
    const { retryBudget } = spec;
    const count = spent.get(job) ?? 0;
    if (retryBudget !== undefined && count > retryBudget)
      yield `${job} tried again ${count} times of ${retryBudget}`;
  }
}

/** What takes down its worker or supervisor again and again is stopped. */
export function* poisonStopped(history: History): Iterable<string> {
  for (const [task, { ends }] of attemptsByTask(history)) {
    const { crashesMax = 5 } = history.tasks.get(task)?.template.retry ?? {};
    const crashes = [...ends.values()].filter(
      ({ outcome, fault }) => outcome.kind === "supervisor_lost" || fault === "worker_down",
    ).length;
    if (crashes > crashesMax) yield `${task} went down ${crashes} times, of ${crashesMax}`;
  }
}

/** At most half of the workers are in quarantine, and another one is open when one is put there. */
export function* quarantineSpares(history: History): Iterable<string> {
  const there = new Set<string>();
  const known = new Set<string>();
  const quarantined = new Set<string>();
  const closed = new Map<string, Set<string>>();
  const close = (worker: string, why: string, is: boolean): void => {
    const reasons = closed.get(worker) ?? new Set();
    if (is) reasons.add(why);
    else reasons.delete(why);
    closed.set(worker, reasons);
  };
  for (const { event } of history.events) {
    switch (event.type) {
      case "WorkerRegistered":
        known.add(event.incarnation.worker);
        there.add(event.incarnation.worker);
        break;
      case "WorkerDisconnected":
      case "WorkerLost":
        there.delete(event.worker);
        break;
      case "WorkerCordoned":
      case "WorkerUncordoned":
        close(event.worker, "cordon", event.type === "WorkerCordoned");
        break;
      case "DrainBegan":
      case "DrainEnded":
        close(event.worker, "drain", event.type === "DrainBegan");
        break;
      case "QuarantineLifted":
        quarantined.delete(event.worker);
        break;
      case "WorkerQuarantined": {
        quarantined.add(event.worker);
        if (quarantined.size > known.size / 2)
          yield `${quarantined.size} of ${known.size} are in quarantine`;
        const open = [...there].filter(
          (one) => !quarantined.has(one) && (closed.get(one)?.size ?? 0) === 0,
        );
        if (open.length === 0) yield `${event.worker} was the last that was open`;
        break;
      }
      default:
    }
  }
}

/** While a job is paused nothing of it is launched. */
export function* pausesKept(history: History): Iterable<string> {
  const paused = new Set<string>();
  for (const { event } of history.events) {
    if (event.type === "JobPaused") paused.add(event.job);
    if (event.type === "JobResumed" || event.type === "JobEnded") paused.delete(event.job);
    const launched =
      event.type === "AttemptLaunched"
        ? [event]
        : event.type === "GangLaunched"
          ? event.attempts
          : [];
    for (const { attempt } of launched) {
      if (paused.has(attempt.slice(0, attempt.indexOf("/"))))
        yield `${attempt} began, though paused`;
    }
  }
}

/** A job's end is what its tasks' ends and its own rule make of it. */
export function* endsByRule(history: History): Iterable<string> {
  const cancelled = new Set<string>();
  for (const { event } of history.events) {
    if (event.type === "JobCancelRequested") cancelled.add(event.job);
    if (event.type !== "JobEnded" || cancelled.has(event.job)) continue;
    const spec = history.jobs.get(event.job)?.spec;
    if (spec?.success === undefined) continue;
    const ends = spec.tasks.map(
      ({ name }) => history.tasks.get(`${event.job}/${name}`)?.ends.at(-1)?.state ?? "none",
    );
    const conditional = onlyAfterFailures(spec.edges, spec.tasks.length);
    const handled = new Set(
      spec.edges.filter(({ on }) => on !== "success").map(({ from }) => from),
    );
    const [counted, good] = [new Set<number>(), new Set<number>()];
    ends.forEach((state, task) => {
      if (conditional.has(task)) return;
      const failed = state === "failed" || state === "timed_out";
      const isGood = state === "succeeded" || (failed && handled.has(task));
      const mayFail = spec.templates[spec.tasks[task]?.template ?? -1]?.mayFail === true;
      if (isGood) good.add(task);
      if (isGood || !mayFail) counted.add(task);
    });
    const enough = good.size + 1e-6 >= spec.success.atLeast * counted.size;
    if (enough !== (event.state === "succeeded"))
      yield `${event.job} ${event.state} with ${good.size} of ${counted.size}`;
  }
}

function onlyAfterFailures(
  edges: readonly { readonly from: number; readonly to: number; readonly on: string }[],
  count: number,
): Set<number> {
  const found = new Set<number>();
  for (let round = 0; round < count; round++) {
    for (const { from, to, on } of edges) if (on === "failure" || found.has(from)) found.add(to);
  }
  return found;
}
