/**
 * Replays a trace in time order: each task is predicted when it is submitted, and a method hears of
 * a run only after it has ended. All methods go through the same replay, and are told the same.
 */
import { emptyStatistics, estimate, observe } from "../../core/estimate.js";
import { remember, ringOf } from "../../core/ring.js";
import type { Estimate } from "../../core/views.js";
import { isTelling } from "../../core/worker-speed.js";
import {
  blendFeature,
  featureCount,
  recordAlike,
  writeFeatures,
} from "../../models/pure/features.js";
import type { Hedge } from "../../models/pure/hedge.js";
import {
  emptyInFlight,
  taskEnded,
  taskStarted,
  taskSubmitted,
} from "../../models/pure/in-flight.js";
import { blendOf, createBlend } from "../../models/pure/predictor.js";
import { emptyRunHistory, recordRun, recordSubmission } from "../../models/pure/run-history.js";
import { learnWeights, type Weighed } from "../../models/pure/weighed.js";
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
  const byEnd = orderOf(trace.endAtMs);
  const startAtMs = trace.endAtMs.map((atMs, row) => atMs - (trace.durationMs[row] ?? 0));
  const byStart = orderOf(startAtMs);
  const inFlight = emptyInFlight();
  let started = 0;
  const statistics = emptyStatistics();
  const history = emptyRunHistory();
  const speeds = createSpeeds();
  const speedAtStart = new Float64Array(trace.rows);
  /** NaN where it would tell nothing of a worker. */
  const anchorAtStart = new Float64Array(trace.rows);
  const frozen = new Float32Array(trace.rows * featureCount);
  const featuresOf = (row: number): Float32Array =>
    frozen.subarray(row * featureCount, (row + 1) * featureCount);
  const blender = createBlend();
  const blendAtStart: (Weighed | null)[] = [];
  const seenKinds = new Set<number>();
  let ended = 0;

  const startUntil = (nowMs: number): void => {
    for (; started < byStart.length; started++) {
      const row = byStart[started] ?? 0;
      const atMs = startAtMs[row] ?? 0;
      if (atMs > nowMs) return;
      taskStarted(inFlight, groupNames(trace, row), String(row), atMs);
    }
  };
  const endUntil = (nowMs: number): void => {
    for (; ended < byEnd.length; ended++) {
      const row = byEnd[ended] ?? 0;
      const atMs = trace.endAtMs[row] ?? 0;
      if (atMs > nowMs) break;
      const groups = groupNames(trace, row);
      startUntil(atMs);
      taskEnded(inFlight, groups, String(row));
      const succeeded = trace.succeeded[row] === 1;
      const worker = trace.worker[row] ?? -1;
      const ranMs = trace.durationMs[row] ?? 1;
      const kind = groups[kindLevel] ?? "";
      if (succeeded) speeds.observe(worker, kind, anchorAtStart[row] ?? Number.NaN, ranMs);
      const durationMs = ranMs * (speedAtStart[row] ?? 1);
      const userEstimateMs = (trace.userMs[row] ?? Number.NaN) * (speedAtStart[row] ?? 1);
      recordRun(history, groups, { durationMs, userEstimateMs, succeeded, atMs });
      if (!succeeded) continue;
      observe(statistics, groups, durationMs);
      const features = featuresOf(row);
      recordAlike(history, groups, features, durationMs);
      learnBlend(blender, blendAtStart, row, durationMs);
      seenKinds.add(trace.groups[row * levels + kindLevel] ?? -1);
      for (const runner of runners)
        runner.observe({ row, nowMs: atMs, groups, durationMs, features });
    }
    startUntil(nowMs);
  };

  for (let row = 0; row < trace.rows; row++) {
    const nowMs = trace.submitAtMs[row] ?? 0;
    endUntil(nowMs);
    const groups = groupNames(trace, row);
    const speed = speeds.of(trace.worker[row] ?? -1);
    const anchor = estimate(statistics, groups);
    speedAtStart[row] = speed;
    anchorAtStart[row] = isTelling(anchor) ? anchor.p50Ms : Number.NaN;
    const features = featuresOf(row);
    const subject = subjectOf(trace, row, groups, speed);
    writeFeatures(features, subject, history, inFlight, anchor?.p50Ms ?? Number.NaN, nowMs);
    const blend = blendOf(blender, features, groups);
    features[blendFeature] = blend?.log ?? Number.NaN;
    blendAtStart.push(blend);
    const isCold = !seenKinds.has(trace.groups[row * levels + kindLevel] ?? -1);
    const moment = { row, nowMs, groups, speed, anchor, blend, features };
    const actualMs = trace.succeeded[row] === 1 ? (trace.durationMs[row] ?? 1) : null;
    for (const runner of runners) runner.predict(moment, actualMs, isCold);
    recordSubmission(history, groups, nowMs);
    taskSubmitted(inFlight, groups);
  }
  return runners.map(({ result }) => result());
}

/** A row's blend is learnt from once, and then forgotten. */
function learnBlend(blender: Hedge, made: (Weighed | null)[], row: number, durationMs: number) {
  const blend = made[row] ?? null;
  made[row] = null;
  if (blend !== null) learnWeights(blender, blend, Math.log(Math.max(1, durationMs)));
}

/** Rows in order of their times. */
function orderOf(atMs: Float64Array): Int32Array {
  const order = Int32Array.from({ length: atMs.length }, (_, row) => row);
  return order.sort((a, b) => (atMs[a] ?? 0) - (atMs[b] ?? 0) || a - b);
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
