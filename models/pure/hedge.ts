/**
 * Which of several experts to believe, by what each has lost lately: exponential weights (Vovk 1990;
 * Freund & Schapire 1997) over running means of |log error|. Losses are kept for each context of a
 * task (its kind, its user), and shrunk towards those of the context above, so that an expert is
 * believed where it is good.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";

export interface HedgeSettings {
  /** Weight is exp(-sharpness · loss). */
  readonly sharpness: number;
  /** A running mean forgets: the newest loss weighs at least 1 / memory. */
  readonly memory: number;
  /** The context above counts as this many losses. */
  readonly shrinkage: number;
  readonly contextsMax: number;
}

export const hedgeDefaults: HedgeSettings = {
  sharpness: 24,
  memory: 200,
  shrinkage: 120,
  contextsMax: 20_000,
};

export interface Hedge {
  readonly experts: number;
  readonly settings: HedgeSettings;
  readonly losses: Generations<Losses>;
  /** What was expected last, as long as nothing is learnt. */
  latest: { readonly contexts: readonly string[]; readonly expected: Float64Array } | null;
}

interface Losses {
  readonly mean: Float64Array;
  readonly count: Float64Array;
}

export function createHedge(experts: number, settings: HedgeSettings): Hedge {
  return { experts, settings, losses: emptyGenerations(), latest: null };
}

/** Expected losses of the experts in the innermost context; `contexts` from the inner to the outer. */
function expectedLosses(hedge: Hedge, contexts: readonly string[]): Float64Array {
  const { experts, settings, latest } = hedge;
  if (latest?.contexts === contexts) return latest.expected;
  const expected = new Float64Array(experts).fill(1);
  for (let level = contexts.length - 1; level >= 0; level--) {
    const own = findIn(hedge.losses, contexts[level] ?? "");
    if (own === undefined) continue;
    for (let expert = 0; expert < experts; expert++) {
      const seen = Math.min(own.count[expert] ?? 0, settings.memory);
      const above = expected[expert] ?? 1;
      expected[expert] =
        (seen * (own.mean[expert] ?? 0) + settings.shrinkage * above) / (seen + settings.shrinkage);
    }
  }
  hedge.latest = { contexts, expected };
  return expected;
}

/**
 * Weights that add up to 1, over the experts that are there; all 0 if none is. `present` is 1 or 0
 * for each.
 */
export function weightsOf(
  hedge: Hedge,
  contexts: readonly string[],
  present: Uint8Array,
): Float64Array {
  const losses = expectedLosses(hedge, contexts);
  const weights = new Float64Array(hedge.experts);
  let least = Number.POSITIVE_INFINITY;
  for (let expert = 0; expert < losses.length; expert++) {
    if (present[expert] === 1) least = Math.min(least, losses[expert] ?? 1);
  }
  let sum = 0;
  for (let expert = 0; expert < losses.length; expert++) {
    if (present[expert] !== 1) continue;
    const weight = Math.exp(-hedge.settings.sharpness * ((losses[expert] ?? 1) - least));
    weights[expert] = weight;
    sum += weight;
  }
  if (sum > 0) {
    for (let expert = 0; expert < weights.length; expert++) {
      weights[expert] = (weights[expert] ?? 0) / sum;
    }
  }
  return weights;
}

/** Takes in what each expert has lost on one run, in place; NaN for one that had said nothing. */
export function learnLosses(
  hedge: Hedge,
  contexts: readonly string[],
  losses: ArrayLike<number>,
): void {
  const create = (): Losses => ({
    mean: new Float64Array(hedge.experts),
    count: new Float64Array(hedge.experts),
  });
  hedge.latest = null;
  for (const name of new Set(contexts)) {
    const own = admitTo(hedge.losses, name, hedge.settings.contextsMax, create);
    for (let expert = 0; expert < hedge.experts; expert++) {
      const loss = losses[expert] ?? Number.NaN;
      if (Number.isNaN(loss)) continue;
      const count = (own.count[expert] ?? 0) + 1;
      const mean = own.mean[expert] ?? 0;
      own.count[expert] = count;
      own.mean[expert] = mean + (loss - mean) / Math.min(count, hedge.settings.memory);
    }
  }
}
