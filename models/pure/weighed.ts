/** Words of several experts and the one that they make together, by a hedge's weights. */
import { depthOf, kindLevel } from "./experts.js";
import { type Hedge, learnLosses, weightsOf } from "./hedge.js";

export interface Weighed {
  /** The weighted mean of the words. */
  readonly log: number;
  readonly words: Float64Array;
  readonly weights: Float64Array;
  readonly contexts: readonly string[];
}

/** Null where no expert knows anything; NaN is the word of one that does not. */
export function weighWords(
  hedge: Hedge,
  words: Float64Array,
  features: Float32Array,
  groups: readonly string[],
): Weighed | null {
  const present = Uint8Array.from(words, (word) => (Number.isNaN(word) ? 0 : 1));
  if (!present.includes(1)) return null;
  const contexts = contextsOf(groups, depthOf(features));
  const weights = weightsOf(hedge, contexts, present);
  let log = 0;
  words.forEach((word, expert) => {
    if (present[expert] === 1) log += (weights[expert] ?? 0) * word;
  });
  return { log, words, weights, contexts };
}

/** Takes in how a run came out, in place; runs in the order of their ends. */
export function learnWeights(hedge: Hedge, { words, contexts }: Weighed, logMs: number): void {
  learnLosses(
    hedge,
    contexts,
    words.map((word) => Math.abs(word - logMs)),
  );
}

/**
 * How much is known decides which expert is good: a task's kind at that depth of knowledge, all
 * tasks at that depth, and all tasks where that depth is new.
 */
const contextsOf = (groups: readonly string[], depth: number): string[] => [
  `kind ${groups[kindLevel] ?? ""} at ${depth}`,
  `at ${depth}`,
  "all",
];
