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
  const present = new Uint8Array(words.length);
  for (let expert = 0; expert < words.length; expert++) {
    present[expert] = Number.isNaN(words[expert]) ? 0 : 1;
  }
  if (!present.includes(1)) return null;
  const contexts = contextsOf(groups[kindLevel] ?? "", depthOf(features));
  const weights = weightsOf(hedge, contexts, present);
  let log = 0;
  for (let expert = 0; expert < words.length; expert++) {
    if (present[expert] === 1) log += (weights[expert] ?? 0) * (words[expert] ?? 0);
  }
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
function contextsOf(kind: string, depth: number): readonly string[] {
  if (latest.kind !== kind || latest.depth !== depth) {
    latest = { kind, depth, contexts: [`kind ${kind} at ${depth}`, `at ${depth}`, "all"] };
  }
  return latest.contexts;
}

/** Tasks of one kind come many at a time: they have their contexts' names in common. */
let latest: {
  readonly kind: string;
  readonly depth: number;
  readonly contexts: readonly string[];
} = { kind: "", depth: Number.NaN, contexts: [] };
