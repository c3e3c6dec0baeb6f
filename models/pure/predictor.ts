/**
 * The prediction that is served: the experts' words, weighed by what each has lost lately on tasks
 * like this one, and a p90 corrected by how the last ones came out. A fold of predictions and ends:
 * what the bench measures is what the planner serves.
 */
import { type Conformal, correction, createConformal, learnCoverage } from "./conformal.js";
import {
  depthOf,
  type ExpertName,
  expertNames,
  kindLevel,
  type ModelWords,
  spreadOf,
  wordsOf,
} from "./experts.js";
import { createHedge, type Hedge, hedgeDefaults, learnLosses, weightsOf } from "./hedge.js";

export { expertNames };

export interface Predictor {
  readonly hedge: Hedge;
  readonly conformal: Conformal;
}

/** Made when a task is predicted, and handed back when its run has succeeded. */
export interface Forecast {
  /** Natural logarithms of milliseconds at speed 1. */
  readonly logP50: number;
  readonly logP90: number;
  /** p90 as claimed, before its correction. */
  readonly logClaimed: number;
  /** Of each expert, in the order of `expertNames`. */
  readonly words: Float64Array;
  readonly weights: Float64Array;
  readonly contexts: readonly string[];
}

export function createPredictor(): Predictor {
  return { hedge: createHedge(expertNames.length, hedgeDefaults), conformal: createConformal() };
}

/** ln(p90 / p50) claimed where no model says anything. */
const spreadDefault = Math.log(3);

/** Null where no expert knows anything. `groups` from the most specific to the least. */
export function forecast(
  { hedge, conformal }: Predictor,
  features: Float32Array,
  groups: readonly string[],
  model: ModelWords | null,
): Forecast | null {
  const words = wordsOf(features, model);
  const present = Uint8Array.from(words, (word) => (Number.isNaN(word) ? 0 : 1));
  if (!present.includes(1)) return null;
  const contexts = contextsOf(groups, depthOf(features));
  const weights = weightsOf(hedge, contexts, present);
  let logP50 = 0;
  words.forEach((word, expert) => {
    if (present[expert] === 1) logP50 += (weights[expert] ?? 0) * word;
  });
  const spread = spreadOf(model);
  const logClaimed = logP50 + (Number.isNaN(spread) ? spreadDefault : spread);
  const logP90 = Math.max(logP50, logClaimed + correction(conformal, rangeGroups(groups)));
  return { logP50, logP90, logClaimed, words, weights, contexts };
}

/** Takes in how a run came out, in place; runs in the order of their ends. */
export function learnOutcome(
  { hedge, conformal }: Predictor,
  made: Forecast,
  groups: readonly string[],
  durationMs: number,
): void {
  const logMs = Math.log(Math.max(1, durationMs));
  learnLosses(
    hedge,
    made.contexts,
    made.words.map((word) => Math.abs(word - logMs)),
  );
  learnCoverage(conformal, rangeGroups(groups), logMs - made.logClaimed, logMs <= made.logP90);
}

/** Who carries the most weight: what is named as the source. */
export function leaderOf({ weights }: Forecast): ExpertName {
  let leader = 0;
  weights.forEach((weight, expert) => {
    if (weight > (weights[leader] ?? 0)) leader = expert;
  });
  return expertNames[leader] ?? "anchor";
}

/**
 * How much is known decides which expert is good: a task's kind at that depth of knowledge, and all
 * tasks at that depth.
 */
const contextsOf = (groups: readonly string[], depth: number): string[] => [
  `kind ${groups[kindLevel] ?? ""} at ${depth}`,
  `at ${depth}`,
];

const rangeGroups = (groups: readonly string[]): string[] => [
  `kind ${groups[kindLevel] ?? ""}`,
  `owner ${groups[kindLevel + 1] ?? ""}`,
];
