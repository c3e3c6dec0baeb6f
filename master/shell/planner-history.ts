/**
 * What the planner's predictor is told, in order of its sequence: jobs as they are foreseen, runs as
 * they end, models as they are chosen. Of runs the latest are kept, with the jobs that they belong
 * to, and of jobs those that are open: enough for a planner that begins anew. After a restart it is
 * made again from memory and archive, with the same numbers; a planner that outlived the master
 * takes nothing twice.
 */
import { taskOfAttempt } from "../../core/ids.js";
import { type HistoryRecord, predictionLimits } from "../../core/prediction.js";
import type { Recorded } from "../pure/events.js";
import {
  foreseenOf,
  historySequence,
  recordsOf,
  recordsPerEvent,
  runOf,
  subjectKey,
} from "../pure/foreseen.js";
import { waysThatWait } from "../pure/revise.js";
import { speedOf } from "../pure/speed.js";
import type { Attempt, ModelInUse, State } from "../pure/state.js";

/** Runs kept for a planner that begins anew. */
export const runsRemembered = 20_000;

export class PlannerHistory {
  readonly #state: State;
  #records: HistoryRecord[];
  /** As many may there be until what nobody needs is let go of. */
  #most = 2 * runsRemembered;
  #runs = 0;

  constructor(state: State) {
    this.#state = state;
    const records = [...state.jobs.values()].flatMap((job) => recordsOf(job, this.#speedOf));
    if (state.model.sequence > 0) records.push(chosen(state.model));
    this.#records = inOrder(records);
    this.#count();
  }

  /** What the archive knew as well, or alone. */
  add(past: readonly HistoryRecord[]): void {
    this.#records = inOrder([...past, ...this.#records]);
    this.#count();
    this.#letGo();
  }

  happened(events: readonly Recorded[]): void {
    for (const { seq, event } of events) {
      switch (event.type) {
        case "JobSubmitted":
        case "JobReopened": {
          const job = this.#state.jobs.get(event.job);
          if (job !== undefined) for (const one of foreseenOf(job, seq)) this.#records.push(one);
          break;
        }
        case "AttemptEnded": {
          const task = this.#state.tasks.get(taskOfAttempt(event.attempt));
          const attempt = task?.attempts.find(({ id }) => id === event.attempt);
          if (task === undefined || attempt === undefined) break;
          const run = runOf(task, attempt, this.#speedOf(attempt));
          if (run === null) break;
          this.#records.push(run);
          this.#runs++;
          break;
        }
        case "ModelChosen":
          this.#records.push(chosen({ ...event, sequence: seq }));
          break;
        default:
      }
    }
    if (this.#runs > 2 * runsRemembered || this.#records.length > this.#most) this.#letGo();
  }

  /**
   * To a planner that has taken in all up to `sequence`, and whose answers were lost: the open jobs
   * of which the state knows no estimate of its.
   */
  foreseeAgain(sequence: number): void {
    const { index, seq } = this.#state;
    const silent = [...index.openJobs].flatMap((job) => {
      const waiting = waysThatWait(job);
      return foreseenOf(job, job.sequence).filter(({ sequence: own, what }) => {
        if (own > sequence || what.kind !== "foreseen") return false;
        const way = what.subject.key.slice(subjectKey(job.id, "").length);
        return waiting.has(way) && job.revised?.[way] === undefined;
      });
    });
    const first = historySequence(seq) + recordsPerEvent;
    const last = this.#records.at(-1)?.sequence ?? 0;
    silent.slice(0, recordsPerEvent).forEach(({ what }, at) => {
      if (first + at > last) this.#records.push({ sequence: first + at, what });
    });
  }

  /** What comes after `sequence`. To a planner that knows nothing first what it is to serve. */
  after(sequence: number): readonly HistoryRecord[] {
    const { recordsPerRequest } = predictionLimits;
    const first = firstAfter(this.#records, sequence);
    const isChosen = this.#state.model.sequence > 0;
    if (sequence > 0 || !isChosen || this.#records[first]?.what.kind === "chosen") {
      return this.#records.slice(first, first + recordsPerRequest);
    }
    const serving = { ...chosen(this.#state.model), sequence: 1 };
    return [serving, ...this.#records.slice(first, first + recordsPerRequest - 1)];
  }

  readonly #speedOf = ({ worker: id }: Attempt): number => {
    const worker = this.#state.workers.get(id);
    return worker === undefined ? 1 : speedOf(worker);
  };

  /** The latest runs, what was foreseen of them and of open jobs, and the last choice. */
  #letGo(): void {
    const runs = this.#records.filter(({ what }) => what.kind === "ended");
    const kept = new Set(runs.slice(-runsRemembered));
    const keys = new Set<string>();
    for (const { what } of kept) if (what.kind === "ended") keys.add(what.run.key);
    const open = new Set<string>(Array.from(this.#state.index.openJobs, ({ id }) => id));
    let last: HistoryRecord | undefined;
    for (const one of this.#records) if (one.what.kind === "chosen") last = one;
    const told = new Set<string>();
    this.#records = this.#records.filter((one) => {
      if (one.what.kind === "ended") return kept.has(one);
      if (one.what.kind === "chosen") return one === last;
      const { key } = one.what.subject;
      // What was told again is known by the first time.
      if (told.has(key)) return false;
      told.add(key);
      return keys.has(key) || open.has(key.slice(0, key.indexOf("/")));
    });
    this.#count();
    this.#most = 2 * Math.max(runsRemembered, this.#records.length);
  }

  #count(): void {
    this.#runs = this.#records.reduce((sum, { what }) => sum + (what.kind === "ended" ? 1 : 0), 0);
  }
}

const chosen = ({
  sequence,
  sha256,
  pinned,
}: Pick<ModelInUse, "sequence" | "sha256" | "pinned">): HistoryRecord => ({
  sequence: historySequence(sequence),
  what: { kind: "chosen", choice: { sha256, pinned } },
});

/**
 * Each once. Runs of which an earlier version kept no number come before everything else, in the
 * order of their ends.
 */
function inOrder(records: readonly HistoryRecord[]): HistoryRecord[] {
  const numbered = new Map<number, HistoryRecord>();
  const others: HistoryRecord[] = [];
  for (const one of records) {
    if (one.sequence === 0) others.push(one);
    else numbered.set(one.sequence, one);
  }
  others.sort((a, b) => endOf(a) - endOf(b));
  // 1 is what a planner that knows nothing is to serve.
  const before = others
    .slice(-recordsPerEvent)
    .map(({ what }, at): HistoryRecord => ({ sequence: 2 + at, what }));
  return [...before, ...[...numbered.values()].sort((a, b) => a.sequence - b.sequence)];
}

const endOf = ({ what }: HistoryRecord): number => (what.kind === "ended" ? what.run.endedAtMs : 0);

function firstAfter(records: readonly HistoryRecord[], sequence: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
