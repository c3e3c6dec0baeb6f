/**
 * The experts whose word is weighed: simple statistics, read from the features that were frozen when
 * a task was predicted, and the model. All speak in natural logarithms of milliseconds at speed 1.
 */
import { anchorFeature, featureNames, historyLevels } from "./features.js";

export const expertNames = [
  "anchor",
  "median",
  "last",
  "weighted",
  "kind",
  "recent",
  "model",
  "corrected",
] as const;
export type ExpertName = (typeof expertNames)[number];

/** What a model says: of the duration itself, and of how it differs from the anchor. */
export interface ModelWords {
  readonly logP50: number;
  readonly logP90: number;
  readonly residualP50: number;
  readonly residualP90: number;
}

/**
 * Further from the anchor than this factor no model is believed; further, where the anchor knows
 * only that other kinds of tasks exist.
 */
const reachMax = Math.log(8);
const reachColdMax = Math.log(1_000);

/** In the order of `expertNames`; NaN for one that knows nothing. */
export function wordsOf(features: Float32Array, model: ModelWords | null): Float64Array {
  const anchor = features[anchorFeature] ?? Number.NaN;
  const reach = isKindSeen(features) ? reachMax : reachColdMax;
  const within = (log: number): number =>
    Number.isNaN(anchor) ? log : Math.min(anchor + reach, Math.max(anchor - reach, log));
  return Float64Array.of(
    anchor,
    firstOf(features, medians),
    firstOf(features, lasts),
    firstOf(features, weighted),
    firstOf(features, weighted.slice(kindLevel)),
    firstOf(features, recents),
    model === null ? Number.NaN : within(model.logP50),
    model === null ? Number.NaN : within(anchor + model.residualP50),
  );
}

/** ln(p90 / p50) that the model expects; NaN without one. */
export function spreadOf(model: ModelWords | null): number {
  if (model === null) return Number.NaN;
  const [own, corrected] = [model.logP90 - model.logP50, model.residualP90 - model.residualP50];
  return Math.max(0, (own + corrected) / 2);
}

/** The level that names a kind of task, whatever it is given to work on. */
export const kindLevel = 2;

/** The most specific level of which a run has ended; `historyLevels` if there is none. */
export function depthOf(features: Float32Array): number {
  const depth = medians.findIndex((place) => !Number.isNaN(features[place] ?? Number.NaN));
  return depth === -1 ? historyLevels : depth;
}

const isKindSeen = (features: Float32Array): boolean => depthOf(features) <= kindLevel;

const placesOf = (name: string): number[] =>
  Array.from({ length: historyLevels }, (_, level) => featureNames.indexOf(`${name}_${level}`));

const medians = placesOf("log_median");
const lasts = placesOf("log_last");
const weighted = placesOf("log_weighted");
const recents = placesOf("log_recent");

/** Of the most specific group that has any. */
function firstOf(features: Float32Array, places: readonly number[]): number {
  for (const place of places) {
    const value = features[place] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}
