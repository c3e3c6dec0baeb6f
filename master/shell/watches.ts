/**
 * Watches of jobs. A watcher is told of every entity that changed, each time with its newest view:
 * changes that come faster than it reads are merged, so a slow watcher costs no memory. It resumes
 * from a sequence while that is among the last changes kept; otherwise it starts from a snapshot.
 */
import type { JobId, TaskId } from "../../core/ids.js";
import { taskOfAttempt } from "../../core/ids.js";
import { gapOf } from "../../core/plan.js";
import type { WatchEvent } from "../../core/views.js";
import type { Recorded } from "../pure/events.js";
import type { Forecast } from "../pure/forecast.js";
import { type Finishes, noFinishes } from "../pure/roll-out.js";
import type { Job, State } from "../pure/state.js";
import { jobSummary, taskView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import type { Forecasts } from "./forecasts.js";

/** Changes kept for resuming. */
const changesKept = 50_000;

interface Change {
  readonly sequence: number;
  readonly job: JobId | null;
  /** null: the job itself, or the plan. */
  readonly task: TaskId | null;
}

export interface Watcher {
  readonly job: JobId | null;
  /** Called when there is something to take. */
  readonly wake: () => void;
}

export class Watches {
  readonly #engine: Engine;
  readonly #forecasts: Forecasts;
  readonly #changes: Change[] = [];
  readonly #pending = new Map<Watcher, Pending>();
  /** Calls that wait for the end of a job. */
  readonly #waiting = new Map<JobId, Set<() => void>>();

  constructor(engine: Engine, forecasts: Forecasts) {
    this.#engine = engine;
    this.#forecasts = forecasts;
  }

  /** There is something durable to tell. */
  wake(): void {
    for (const watcher of this.#pending.keys()) watcher.wake();
    for (const [job, waiting] of this.#waiting) {
      if (this.#engine.state.jobs.get(job)?.state === "running") continue;
      for (const done of waiting) done();
      this.#waiting.delete(job);
    }
  }

  /** Resolves when the job has ended, after the time-out (0: never), or when nobody waits. */
  untilEnded(job: JobId, timeoutMs: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(job) ?? new Set();
      this.#waiting.set(job, waiting);
      const done = (): void => {
        if (timer !== null) clearTimeout(timer);
        waiting.delete(done);
        resolve();
      };
      const timer = timeoutMs > 0 ? setTimeout(done, timeoutMs) : null;
      gone.addEventListener("abort", done, { once: true });
      waiting.add(done);
    });
  }

  /**
   * What has been folded into the state, durable or not: a view shows the state as it is, so all
   * that has changed must be told together with it, or a job would end before its last task.
   */
  remember(events: readonly Recorded[]): void {
    for (const { seq, event } of events) {
      for (const change of changesOf(this.#engine.state, seq, event)) {
        this.#changes.push(change);
        for (const [watcher, pending] of this.#pending) add(watcher, pending, change);
      }
    }
    if (this.#changes.length > 2 * changesKept) this.#changes.splice(0, changesKept);
  }

  open(watcher: Watcher, afterSequence: number): void {
    const pending: Pending = { tasks: new Set(), jobs: new Set(), plan: false, snapshot: false };
    const oldest = this.#changes[0]?.sequence ?? Number.POSITIVE_INFINITY;
    const resumable = afterSequence > 0 && afterSequence >= oldest - 1;
    if (resumable) {
      for (const change of this.#changes) {
        if (change.sequence > afterSequence) add(watcher, pending, change);
      }
    } else {
      pending.snapshot = true;
    }
    this.#pending.set(watcher, pending);
    watcher.wake();
  }

  close(watcher: Watcher): void {
    this.#pending.delete(watcher);
  }

  /** What the watcher has not been told yet, merged; the last of them carries where to resume. */
  take(watcher: Watcher): WatchEvent[] {
    const pending = this.#pending.get(watcher);
    if (pending === undefined) return [];
    const events = this.#render(watcher, pending);
    this.#pending.set(watcher, {
      tasks: new Set(),
      jobs: new Set(),
      plan: false,
      snapshot: false,
    });
    return events;
  }

  #render(watcher: Watcher, pending: Pending): WatchEvent[] {
    const { state, nowMs } = this.#engine;
    const forecast = this.#forecasts.get();
    const finishes = this.#forecasts.finishes();
    const changes: WatchEvent["change"][] = [];
    if (pending.snapshot) changes.push(...this.#snapshot(watcher));
    for (const id of pending.tasks) {
      const task = state.tasks.get(id);
      if (task !== undefined && !pending.snapshot) {
        changes.push({ kind: "task", task: taskView(state, task, forecast) });
      }
    }
    if (pending.plan || pending.snapshot) {
      const { version, solver, makespanMs, makespanBoundMs: boundMs, value, bound } = state.plan;
      const gap = gapOf(value, bound);
      changes.push({ kind: "plan", plan: { version, solver, makespanMs, boundMs, gap } });
    }
    // Last, so that whoever sees a job end has seen its tasks end.
    for (const id of pending.jobs) {
      const job = state.jobs.get(id);
      if (job !== undefined && !pending.snapshot) {
        changes.push({ kind: "job", job: jobSummary(state, job, forecast, finishes) });
      }
    }
    // Only with the last message has everything up to here been told.
    return changes.map((change, index) => ({
      sequence: index === changes.length - 1 ? state.seq : 0,
      atMs: nowMs,
      change,
    }));
  }

  /** A job that is in no state any more, as a watcher is told of it. */
  whole(job: Job): WatchEvent[] {
    const { state, nowMs } = this.#engine;
    const changes = [...tellWhole(state, job, nothingForeseen, true)];
    return changes.map((change, index) => ({
      sequence: index === changes.length - 1 ? state.seq : 0,
      atMs: nowMs,
      change,
    }));
  }

  /** Somebody follows this job, or has yet to be told what became of it. */
  isWatched(job: JobId): boolean {
    if (this.#waiting.has(job)) return true;
    for (const [watcher, pending] of this.#pending) {
      if (watcher.job === job || pending.jobs.has(job)) return true;
    }
    return false;
  }

  /** All that the watcher may see, as it is now; of all jobs only the summaries. */
  *#snapshot(watcher: Watcher): Iterable<WatchEvent["change"]> {
    const { state } = this.#engine;
    const foreseen = { forecast: this.#forecasts.get(), finishes: this.#forecasts.finishes() };
    for (const job of state.jobs.values()) {
      if (watcher.job !== null && job.id !== watcher.job) continue;
      yield* tellWhole(state, job, foreseen, watcher.job !== null);
    }
  }
}

interface Foreseen {
  readonly forecast: Forecast;
  readonly finishes: Finishes;
}

const nothingForeseen: Foreseen = { forecast: new Map(), finishes: noFinishes };

function* tellWhole(
  state: State,
  job: Job,
  { forecast, finishes }: Foreseen,
  withTasks: boolean,
): Iterable<WatchEvent["change"]> {
  yield { kind: "snapshot", job: jobSummary(state, job, forecast, finishes) };
  if (!withTasks) return;
  for (const task of job.tasks) yield { kind: "task", task: taskView(state, task, forecast) };
}

interface Pending {
  readonly tasks: Set<TaskId>;
  readonly jobs: Set<JobId>;
  plan: boolean;
  snapshot: boolean;
}

function add(watcher: Watcher, pending: Pending, { job, task }: Change): void {
  if (job === null) {
    pending.plan = true;
    return;
  }
  if (watcher.job !== null && watcher.job !== job) return;
  pending.jobs.add(job);
  if (task !== null) pending.tasks.add(task);
}

function* changesOf(state: State, sequence: number, event: Recorded["event"]): Iterable<Change> {
  if ("attempt" in event) {
    const task = taskOfAttempt(event.attempt);
    yield { sequence, job: state.tasks.get(task)?.job.id ?? null, task };
  } else if ("task" in event) {
    yield { sequence, job: state.tasks.get(event.task)?.job.id ?? null, task: event.task };
  } else if ("job" in event) {
    yield { sequence, job: event.job, task: null };
  } else if (event.type === "PlanAdopted") {
    yield { sequence, job: null, task: null };
  }
}
