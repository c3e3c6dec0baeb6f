/**
 * Replays a trace in time order: each task is predicted when it is submitted, and a method hears of
 * a run only after it has ended. All methods go through the same replay, and are told the same.
 */
import { remember, ringOf } from "../../core/ring.js";
import type { Estimate } from "../../core/views.js";
import { isTelling } from "../../core/worker-speed.js";
import {
  emptyKnowledge,
  type Foreseen,
  foresee,
  learnEnd,
  learnSubmission,
} from "../../models/pure/knowledge.js";
import type { Weighed } from "../../models/pure/weighed.js";
import { createScorer, type Scores } from "./metrics.js";
import { subjectOf } from "./subject.js";
import { groupNames, kindLevel, levels, type Trace } from "./trace.js";
import { createSpeeds } from "./worker-speed.js";

/** What every method may look at when a row is predicted. */
export interface Moment {
  readonly row: number;
  readonly nowMs: number;
  readonly groups: readonly string[];
  /** Learnt so far, of the row's worker; 1 where none is recorded. */
  readonly speed: number;
  /** Of the shared group statistics, at speed 1. */
  readonly anchor: Estimate | null;
  /** What the statistics say together. */
  readonly blend: Weighed | null;
  /** `featureCount` numbers. */
  readonly features: Float32Array;
}

/** At speed 1, in milliseconds. */
export interface Prediction {
  readonly p50Ms: number;
  /** Null: the usual error of this method so far is put on top. */
  readonly p90Ms: number | null;
  /** What each expert behind it weighed, of methods that have some. */
  readonly weights?: Float64Array;
}

export interface Ended {
  readonly row: number;
  readonly nowMs: number;
  readonly groups: readonly string[];
  /** At speed 1. */
  readonly durationMs: number;
  /** As they were when the row was predicted. */
  readonly features: Float32Array;
}

export interface Method {
  readonly name: string;
  /** Null where it knows nothing. */
  predict(moment: Moment): Prediction | null;
  /** A run that succeeded, in order of ends; equal ends in order of submissions. */
  observe(ended: Ended): void;
}

export interface Result {
  readonly method: string;
  readonly scores: Scores;
  /** Mean weight of each expert, and the share of the rows in which it weighed the most. */
  readonly experts: readonly { readonly weight: number; readonly led: number }[];
}

/** Where nobody knows anything; the same for every method, and what the master supposes. */
const unknownMs = 60_000;

export function replay(trace: Trace, methods: readonly Method[]): Result[] {
  const runners = methods.map((method) => createRunner(method, trace.rows));
  const byEnd = endOrder(trace);
  const knowledge = emptyKnowledge();
  const speeds = createSpeeds();
  const speedAtStart = new Float64Array(trace.rows);
  /** Until the row has ended. */
  const foreseenAtStart = new Map<number, Foreseen>();
  const seenKinds = new Set<number>();
  let ended = 0;

  const takeEnd = (row: number, atMs: number, foreseen: Foreseen): void => {
    const { groups, features, anchor } = foreseen;
    const succeeded = trace.succeeded[row] === 1;
    const ranMs = trace.durationMs[row] ?? 1;
    const speed = speedAtStart[row] ?? 1;
    // What tells nothing of a worker leaves it as it is.
    const predictedMs = isTelling(anchor) ? anchor.p50Ms : Number.NaN;
    const kind = groups[kindLevel] ?? "";
    if (succeeded) speeds.observe(trace.worker[row] ?? -1, kind, predictedMs, ranMs);
    const durationMs = ranMs * speed;
    const userEstimateMs = (trace.userMs[row] ?? Number.NaN) * speed;
    learnEnd(knowledge, { groups, durationMs, userEstimateMs, succeeded, atMs }, foreseen);
    if (!succeeded) return;
    seenKinds.add(trace.groups[row * levels + kindLevel] ?? -1);
    for (const runner of runners) {
      runner.observe({ row, nowMs: atMs, groups, durationMs, features });
    }
  };
  const endUntil = (nowMs: number): void => {
    for (; ended < byEnd.length; ended++) {
      const row = byEnd[ended] ?? 0;
      const atMs = trace.endAtMs[row] ?? 0;
      if (atMs > nowMs) return;
      const foreseen = foreseenAtStart.get(row);
      foreseenAtStart.delete(row);
      if (foreseen !== undefined) takeEnd(row, atMs, foreseen);
    }
  };

  for (let row = 0; row < trace.rows; row++) {
    const nowMs = trace.submitAtMs[row] ?? 0;
    endUntil(nowMs);
    const speed = speeds.of(trace.worker[row] ?? -1);
    const subject = subjectOf(trace, row, groupNames(trace, row), speed);
    const foreseen = foresee(knowledge, subject, nowMs);
    speedAtStart[row] = speed;
    foreseenAtStart.set(row, foreseen);
    const isCold = !seenKinds.has(trace.groups[row * levels + kindLevel] ?? -1);
    const actualMs = trace.succeeded[row] === 1 ? (trace.durationMs[row] ?? 1) : null;
    const moment = { ...foreseen, row, nowMs, speed };
    for (const runner of runners) runner.predict(moment, actualMs, isCold);
    learnSubmission(knowledge, foreseen, nowMs);
  }
  return runners.map(({ result }) => result());
}

/** Rows in order of their ends. */
function endOrder({ rows, endAtMs }: Trace): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  return order.sort((a, b) => (endAtMs[a] ?? 0) - (endAtMs[b] ?? 0) || a - b);
}

function createRunner(method: Method, rows: number) {
  const scorer = createScorer();
  const weighed: number[] = [];
  const led: number[] = [];
  const p50AtStart = new Float64Array(rows);
  const misses = createMisses();
  let scored = 0;
  return {
    predict(moment: Moment, actualMs: number | null, isCold: boolean): void {
      const predicted = method.predict(moment) ?? { p50Ms: unknownMs, p90Ms: null };
      const p50Ms = Math.max(1, predicted.p50Ms);
      const p90Ms = Math.max(p50Ms, predicted.p90Ms ?? p50Ms * misses.factor());
      p50AtStart[moment.row] = p50Ms;
      // Failed runs are no measure of a duration.
      if (actualMs === null) return;
      scored++;
      if (predicted.weights !== undefined) countExperts(predicted.weights, weighed, led);
      scorer.add(p50Ms / moment.speed, p90Ms / moment.speed, actualMs, isCold);
    },
    observe(ended: Ended): void {
      misses.add(ended.durationMs / (p50AtStart[ended.row] ?? 1));
      method.observe(ended);
    },
    result: (): Result => ({
      method: method.name,
      scores: scorer.scores(),
      experts: weighed.map((sum, expert) => ({
        weight: sum / scored,
        led: (led[expert] ?? 0) / scored,
      })),
    }),
  };
}

function countExperts(weights: Float64Array, weighed: number[], led: number[]): void {
  let leader = 0;
  weights.forEach((weight, expert) => {
    weighed[expert] = (weighed[expert] ?? 0) + weight;
    if (weight > (weights[leader] ?? 0)) leader = expert;
  });
  led[leader] = (led[leader] ?? 0) + 1;
}

/** The conformal 90 % quantile of actual / predicted over the last 512 runs: a range for any method. */
function createMisses() {
  const ratios = ringOf([]);
  return {
    add: (ratio: number): void => remember(ratios, ratio, missesMax),
    factor(): number {
      const { sorted } = ratios;
      const rank = Math.ceil(0.9 * (sorted.length + 1));
      return sorted[rank - 1] ?? Math.max(3, sorted.at(-1) ?? 3);
    },
  };
}

const missesMax = 512;
