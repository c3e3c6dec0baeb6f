/**
 * What every prediction is made from: the group statistics, what has become of each group's runs,
 * and the weights of the statistics among one another. A fold of ends; predictions only read it.
 */
import { emptyStatistics, estimate, type GroupStatistics, observe } from "../../core/estimate.js";
import type { Estimate } from "../../core/views.js";
import {
  blendFeature,
  featureCount,
  recordAlike,
  type Subject,
  writeFeatures,
} from "./features.js";
import type { Hedge } from "./hedge.js";
import { blendOf, createBlend } from "./predictor.js";
import { emptyRunHistory, type RunHistory, recordRun, recordSubmission } from "./run-history.js";
import { learnWeights, type Weighed } from "./weighed.js";

export interface Knowledge {
  readonly statistics: GroupStatistics;
  readonly history: RunHistory;
  readonly blender: Hedge;
}

export const emptyKnowledge = (): Knowledge => ({
  statistics: emptyStatistics(),
  history: emptyRunHistory(),
  blender: createBlend(),
});

/** What is known of a task at one moment, frozen: models are asked by it, and trained on it. */
export interface Foreseen {
  readonly groups: readonly string[];
  readonly features: Float32Array;
  /** Of the group statistics, at speed 1. */
  readonly anchor: Estimate | null;
  /** What the statistics say together. */
  readonly blend: Weighed | null;
}

export function foresee(knowledge: Knowledge, subject: Subject, nowMs: number): Foreseen {
  const { groups } = subject;
  const anchor = estimate(knowledge.statistics, groups);
  const features = new Float32Array(featureCount);
  const anchorMs = anchor?.p50Ms ?? Number.NaN;
  writeFeatures(features, subject, knowledge.history, anchorMs, nowMs);
  const blend = blendOf(knowledge.blender, features, groups);
  features[blendFeature] = blend?.log ?? Number.NaN;
  return { groups, features, anchor, blend };
}

/** Takes in that a task was submitted, in place, once it is foreseen. */
export function learnSubmission({ history }: Knowledge, { groups }: Foreseen, atMs: number): void {
  recordSubmission(history, groups, atMs);
}

export interface RunEnd {
  readonly groups: readonly string[];
  /** At speed 1. */
  readonly durationMs: number;
  /** NaN: nothing was said. */
  readonly userEstimateMs: number;
  readonly succeeded: boolean;
  readonly atMs: number;
}

/** Takes in one end, in place; `foreseen` is what held when the run was launched, null: not known. */
export function learnEnd(knowledge: Knowledge, end: RunEnd, foreseen: Foreseen | null): void {
  const { groups, durationMs } = end;
  recordRun(knowledge.history, groups, end);
  if (!end.succeeded) return;
  observe(knowledge.statistics, groups, durationMs);
  if (foreseen === null) return;
  recordAlike(knowledge.history, groups, foreseen.features, durationMs);
  const { blend } = foreseen;
  if (blend !== null) learnWeights(knowledge.blender, blend, Math.log(Math.max(1, durationMs)));
}
