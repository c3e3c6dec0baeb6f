/**
 * The prediction that is served, in two steps. Statistics, weighed by what each has lost lately on
 * tasks like this one, make the blend; the model is told it, and learns by how much it errs. Blend
 * and model are weighed in the same way, and p90 is corrected by how the last runs came out. A fold
 * of predictions and ends: what the bench measures is what the planner serves.
 */
import { type Conformal, correction, createConformal, learnCoverage } from "./conformal.js";
import {
  depthOf,
  type ExpertName,
  expertNames,
  kindLevel,
  type ModelWords,
  spreadOf,
  statisticNames,
  statisticsOf,
  wordsOf,
} from "./experts.js";
import { createHedge, type Hedge, hedgeDefaults } from "./hedge.js";
import { learnWeights, type Weighed, weighWords } from "./weighed.js";

export const createBlend = (): Hedge => createHedge(statisticNames.length, hedgeDefaults);

/** What the statistics say together; null where none knows anything. */
export const blendOf = (
  blend: Hedge,
  features: Float32Array,
  groups: readonly string[],
): Weighed | null => weighWords(blend, statisticsOf(features), features, groups);

export interface Predictor {
  readonly hedge: Hedge;
  readonly conformal: Conformal;
}

/** Made when a task is predicted, and handed back when its run has succeeded. */
export interface Forecast extends Weighed {
  /** Natural logarithms of milliseconds at speed 1. */
  readonly logP50: number;
  readonly logP90: number;
  /** How little was known: the most specific level of which a run had ended. */
  readonly depth: number;
  /** p90 as claimed, before its correction. */
  readonly logClaimed: number;
}

export function createPredictor(): Predictor {
  return { hedge: createHedge(expertNames.length, hedgeDefaults), conformal: createConformal() };
}

/** ln(p90 / p50) claimed where no model says anything; wider where the kind was never seen. */
const spreadDefault = Math.log(3);
const spreadCold = Math.log(10);

/**
 * Null where neither blend (its logarithm, or NaN) nor model knows anything. `groups` from the most
 * specific to the least.
 */
export function forecast(
  { hedge, conformal }: Predictor,
  features: Float32Array,
  groups: readonly string[],
  blend: number,
  model: ModelWords | null,
): Forecast | null {
  const weighed = weighWords(hedge, wordsOf(features, blend, model), features, groups);
  if (weighed === null) return null;
  const logP50 = weighed.log;
  const depth = depthOf(features);
  const spread = spreadOf(model);
  const spreadKnown = depth <= kindLevel ? spreadDefault : spreadCold;
  const logClaimed = logP50 + (Number.isNaN(spread) ? spreadKnown : spread);
  const logP90 = Math.max(logP50, logClaimed + correction(conformal, weighed.contexts, depth));
  // Named one by one: spread, they took longer than all the rest of a forecast.
  const { log, words, weights, contexts } = weighed;
  return { log, words, weights, contexts, logP50, logP90, logClaimed, depth };
}

/** Takes in how a run came out, in place; runs in the order of their ends. */
export function learnOutcome(
  { hedge, conformal }: Predictor,
  made: Forecast,
  durationMs: number,
): void {
  const logMs = Math.log(Math.max(1, durationMs));
  learnWeights(hedge, made, logMs);
  learnCoverage(
    conformal,
    made.contexts,
    made.depth,
    logMs - made.logClaimed,
    logMs <= made.logP90,
  );
}

/** Who carries the most weight: what is named as the source. */
export function leaderOf({ weights }: Forecast): ExpertName {
  let leader = 0;
  weights.forEach((weight, expert) => {
    if (weight > (weights[leader] ?? 0)) leader = expert;
  });
  return expertNames[leader] ?? "blend";
}
