/**
 * Finished runs for the planner's predictor: the latest ones, sent in batches, and all of them
 * again to a planner that has come back without its memory.
 */

import { taskOfAttempt } from "../../core/ids.js";
import type { Completion, HistoryRecord } from "../../core/prediction.js";
import type { Recorded } from "../pure/events.js";
import { speedOf } from "../pure/speed.js";
import type { State } from "../pure/state.js";
import { wayNamed } from "../pure/ways.js";

/** Runs kept for a planner that starts anew. */
const runsKept = 10_000;
const batchMax = 1_000;

export type PastRun = Pick<Completion, "groups" | "durationMs" | "workerSpeed" | "succeeded">;

export class PlannerHistory {
  readonly #state: State;
  #runs: HistoryRecord[] = [];
  /** Runs up to this sequence have been taken in by the planner that is connected. */
  #sentTo = 0;

  /** `past`: what ended before this master began, in the order in which it ended. */
  constructor(state: State, past: readonly PastRun[] = []) {
    this.#state = state;
    // Numbered from 1: no run's number is then above that of its own event, so a planner that was
    // told of it by the master before takes it for known.
    this.#runs = past.slice(-runsKept).map((run, index) => recordOf(index + 1, run, 0));
  }

  happened(events: readonly Recorded[]): void {
    for (const { seq, event } of events) {
      if (event.type !== "AttemptEnded" || event.startedAtMs === null) continue;
      const task = this.#state.tasks.get(taskOfAttempt(event.attempt));
      const attempt = task?.attempts.find(({ id }) => id === event.attempt);
      const worker = attempt === undefined ? undefined : this.#state.workers.get(attempt.worker);
      if (task === undefined || worker === undefined) continue;
      const run = {
        groups: wayNamed(task, attempt?.mode).groups,
        durationMs: Math.max(0, event.endedAtMs - event.startedAtMs),
        workerSpeed: speedOf(worker),
        succeeded: event.outcome.kind === "exited" && event.outcome.exitCode === 0,
      };
      this.#runs.push(recordOf(seq, run, event.endedAtMs));
    }
    if (this.#runs.length > 2 * runsKept) this.#runs = this.#runs.slice(-runsKept);
  }

  /** A planner that was away may have forgotten everything. */
  plannerReturned(): void {
    this.#sentTo = 0;
  }

  next(): readonly HistoryRecord[] {
    const first = this.#runs.findIndex((run) => run.sequence > this.#sentTo);
    return first < 0 ? [] : this.#runs.slice(first, first + batchMax);
  }

  taken(sequence: number): void {
    this.#sentTo = Math.max(this.#sentTo, sequence);
  }
}

const recordOf = (sequence: number, run: PastRun, endedAtMs: number): HistoryRecord => ({
  sequence,
  what: {
    kind: "ended",
    run: {
      ...run,
      key: run.groups[0] ?? "",
      launchedSequence: 0,
      endedAtMs,
      peakMemoryBytes: null,
    },
  },
});
