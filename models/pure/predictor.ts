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
  type ModelWords,
  spreadOf,
  wordsOf,
} from "./experts.js";
import {
  createHedge,
  type Hedge,
  type HedgeSettings,
  hedgeDefaults,
  learnLosses,
  weightsOf,
} from "./hedge.js";

export { expertNames };

export interface Predictor {
  readonly hedge: Hedge;
  readonly conformal: Conformal;
  readonly settings: PredictorSettings;
}

export interface PredictorSettings {
  readonly hedge: HedgeSettings;
  readonly contexts: string;
  readonly combine: string;
}

/** Made when a task is predicted, and handed back when its run has succeeded. */
export interface Forecast {
  /** Natural logarithms of milliseconds at speed 1. */
  readonly logP50: number;
  readonly logP90: number;
  /** p90 as claimed, before its correction. */
  readonly logClaimed: number;
  readonly words: Float64Array;
  readonly weights: Float64Array;
  readonly contexts: readonly string[];
}

export const predictorDefaults: PredictorSettings = {
  hedge: hedgeDefaults,
  contexts: "depth",
  combine: "mean",
};

export function createPredictor(settings: PredictorSettings = predictorDefaults): Predictor {
  return {
    hedge: createHedge(expertNames.length, settings.hedge),
    conformal: createConformal(),
    settings,
  };
}

/** ln(p90 / p50) claimed where no model says anything. */
const spreadDefault = Math.log(3);

/** Null where no expert knows anything. `groups` from the most specific to the least. */
export function forecast(
  { hedge, conformal, settings }: Predictor,
  features: Float32Array,
  groups: readonly string[],
  model: ModelWords | null,
): Forecast | null {
  const words = wordsOf(features, model);
  const present = Uint8Array.from(words, (word) => (Number.isNaN(word) ? 0 : 1));
  if (!present.includes(1)) return null;
  const contexts = contextsOf(groups, depthOf(features), settings.contexts);
  const weights = weightsOf(hedge, contexts, present);
  const logP50 =
    settings.combine === "mean" ? weightedMean(words, weights) : weightedMedian(words, weights);
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

function contextsOf(groups: readonly string[], depth: number, mode: string): string[] {
  const [shape, kind, owner] = [groups[1] ?? "", groups[2] ?? "", groups[3] ?? ""];
  switch (mode) {
    case "all":
      return ["all"];
    case "kind":
      return [`kind ${kind}`, `owner ${owner}`, "all"];
    case "depth":
      return [`kind ${kind} ${depth}`, `owner ${owner} ${depth}`, `depth ${depth}`];
    case "depth-all":
      return [`kind ${kind} ${depth}`, `owner ${owner} ${depth}`, `depth ${depth}`, "all"];
    case "shape":
      return [
        `shape ${shape} ${depth}`,
        `kind ${kind} ${depth}`,
        `owner ${owner} ${depth}`,
        `depth ${depth}`,
      ];
    default:
      return [`depth ${depth}`];
  }
}

function weightedMean(words: Float64Array, weights: Float64Array): number {
  let sum = 0;
  words.forEach((word, expert) => {
    const weight = weights[expert] ?? 0;
    if (weight > 0) sum += weight * word;
  });
  return sum;
}

function weightedMedian(words: Float64Array, weights: Float64Array): number {
  const order = [...words.keys()].filter((expert) => (weights[expert] ?? 0) > 0);
  order.sort((a, b) => (words[a] ?? 0) - (words[b] ?? 0));
  let sum = 0;
  for (const expert of order) {
    sum += weights[expert] ?? 0;
    if (sum >= 0.5) return words[expert] ?? 0;
  }
  return words[order.at(-1) ?? 0] ?? 0;
}

const rangeGroups = (groups: readonly string[]): string[] => [
  `kind ${groups[2] ?? ""}`,
  `owner ${groups[3] ?? ""}`,
];
