/**
 * What tasks took that began alike: nearest neighbours among the last runs of a group, by what was
 * known of each when it was submitted. After a short run a user's next may be short as well, or the
 * long one that it had prepared; the group's median cannot tell, what followed such runs can.
 */

/** Numbers that a task is known by; NaN for what is not known. */
export type Circumstances = Float32Array;

export interface Alike {
  /** Oldest first, at most `runsMax`. */
  readonly runs: { readonly by: Circumstances; readonly logMs: number }[];
}

const runsMax = 64;
const runsMin = 3;
/** Weight is exp(-distance / reach), and a run that is one older counts so much less. */
const reach = 0.3;
const fading = 0.99;
/** Of a number that only one of the two has. */
const strange = 1;

export const emptyAlike = (): Alike => ({ runs: [] });

export function rememberAlike({ runs }: Alike, by: Circumstances, logMs: number): void {
  runs.push({ by, logMs });
  if (runs.length > runsMax) runs.shift();
}

/** Weighted median and 90 % quantile; null where too few have run. `weights` of the circumstances. */
export function quantilesAlike(
  { runs }: Alike,
  by: Circumstances,
  weights: readonly number[],
): { readonly logP50: number; readonly logP90: number } | null {
  if (runs.length < runsMin) return null;
  let sum = 0;
  let age = runs.length;
  const weighed = runs.map((run) => {
    age--;
    const weight = Math.exp(-distance(run.by, by, weights) / reach) * fading ** age + least;
    sum += weight;
    return { logMs: run.logMs, weight };
  });
  weighed.sort((a, b) => a.logMs - b.logMs);
  const at = (quantile: number): number => {
    let below = 0;
    for (const { logMs, weight } of weighed) {
      below += weight;
      if (below >= quantile * sum) return logMs;
    }
    return weighed.at(-1)?.logMs ?? 0;
  };
  return { logP50: at(0.5), logP90: at(0.9) };
}

/** Where none is alike, all are as good as each other. */
const least = 1e-9;

function distance(a: Circumstances, b: Circumstances, weights: readonly number[]): number {
  let sum = 0;
  for (let place = 0; place < weights.length; place++) {
    const [one, other] = [a[place] ?? Number.NaN, b[place] ?? Number.NaN];
    const apart = Math.abs(one - other);
    if (!Number.isNaN(apart)) sum += (weights[place] ?? 0) * apart;
    else if (Number.isNaN(one) !== Number.isNaN(other)) sum += (weights[place] ?? 0) * strange;
  }
  return sum;
}
