/**
 * The experts whose word is weighed, in two tables. Statistics are read from the features that were
 * frozen when a task was predicted; weighed, they make the blend. The blend, the model, and the
 * model's correction of the blend make the forecast. All speak in natural logarithms of
 * milliseconds at speed 1; NaN is "knows nothing".
 */
import { anchorFeature, featureNames, historyLevels, saidFeature } from "./features.js";

export const statisticNames = [
  "anchor",
  "median",
  "last",
  "weighted",
  "kind",
  "recent",
  "said",
  "everyone",
] as const;

export const expertNames = ["blend", "model", "corrected"] as const;
export type ExpertName = (typeof expertNames)[number];

/** What a model says: of the duration itself, and of how it differs from the blend. */
export interface ModelWords {
  readonly logP50: number;
  readonly logP90: number;
  readonly residualP50: number;
  readonly residualP90: number;
}

/**
 * Further from the blend than this factor no model is believed; further, where only other kinds of
 * tasks are known.
 */
const reachMax = Math.log(8);
const reachColdMax = Math.log(1_000);

/** In the order of `statisticNames`. */
export function statisticsOf(features: Float32Array): Float64Array {
  const words = new Float64Array(statisticNames.length);
  words[0] = features[anchorFeature] ?? Number.NaN;
  words[1] = firstOf(features, medians);
  words[2] = firstOf(features, lasts);
  words[3] = firstOf(features, weighted);
  words[4] = firstOf(features, weightedOfKind);
  words[5] = firstOf(features, recents);
  words[6] = features[saidFeature] ?? Number.NaN;
  words[7] = features[everyone] ?? Number.NaN;
  return words;
}

/** In the order of `expertNames`. */
export function wordsOf(
  features: Float32Array,
  blend: number,
  model: ModelWords | null,
): Float64Array {
  const reach = depthOf(features) <= kindLevel ? reachMax : reachColdMax;
  const within = (log: number): number =>
    Number.isNaN(blend) ? log : Math.min(blend + reach, Math.max(blend - reach, log));
  const words = new Float64Array(expertNames.length);
  words[0] = blend;
  words[1] = model === null ? Number.NaN : within(model.logP50);
  words[2] = model === null ? Number.NaN : within(blend + model.residualP50);
  return words;
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
  let depth = 0;
  while (depth < historyLevels && Number.isNaN(features[medians[depth] ?? 0])) depth++;
  return depth;
}

const placesOf = (name: string): number[] =>
  Array.from({ length: historyLevels }, (_, level) => featureNames.indexOf(`${name}_${level}`));

const medians = placesOf("log_median");
const lasts = placesOf("log_last");
const weighted = placesOf("log_weighted");
const weightedOfKind = weighted.slice(kindLevel);
const recents = placesOf("log_recent");

const everyone = featureNames.indexOf("log_everyone");

/** Of the most specific group that has any. */
function firstOf(features: Float32Array, places: readonly number[]): number {
  for (const place of places) {
    const value = features[place] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}
