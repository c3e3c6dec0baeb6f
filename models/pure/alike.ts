/**
 * What tasks took that began alike: nearest neighbours among the last runs of a group, by what was
 * known of each when it was submitted. After a short run a user's next may be short as well, or the
 * long one that it had prepared; the group's median cannot tell, what followed such runs can.
 */

/** Numbers that a task is known by; NaN for what is not known. */
export type Circumstances = Float32Array;

export interface Alike {
  /** At most `runsMax`, ascending by what they took. */
  readonly runs: Run[];
  /** Ever taken in. */
  total: number;
  /** The last answer, as long as nothing is taken in: many that begin alike are asked about at once. */
  latest: { readonly by: Circumstances; readonly answer: Quantiles } | null;
}

export interface Quantiles {
  readonly logP50: number;
  readonly logP90: number;
}

interface Run {
  readonly by: Circumstances;
  readonly logMs: number;
  /** How many there were before it. */
  readonly serial: number;
}

const runsMax = 64;
const runsMin = 3;
/** Weight is exp(-distance / reach), and a run that is one older counts so much less. */
const reach = 0.3;
const fading = 0.99;
/** Of a number that only one of the two has. */
const strange = 1;

const fades = Float64Array.from({ length: runsMax }, (_, age) => fading ** age);

export const emptyAlike = (): Alike => ({ runs: [], total: 0, latest: null });

export function rememberAlike(alike: Alike, by: Circumstances, logMs: number): void {
  const { runs } = alike;
  const serial = alike.total++;
  alike.latest = null;
  if (runs.length === runsMax) {
    runs.splice(
      runs.findIndex((run) => run.serial === serial - runsMax),
      1,
    );
  }
  const place = runs.findIndex((run) => run.logMs > logMs);
  runs.splice(place === -1 ? runs.length : place, 0, { by, logMs, serial });
}

/**
 * Weighted median and 90 % quantile; null where too few have run. `weights` of the circumstances:
 * the same each time.
 */
export function quantilesAlike(
  alike: Alike,
  by: Circumstances,
  weights: readonly number[],
): Quantiles | null {
  const { runs, total, latest } = alike;
  if (runs.length < runsMin) return null;
  if (latest !== null && isSame(latest.by, by)) return latest.answer;
  let sum = 0;
  for (let place = 0; place < runs.length; place++) {
    const run = runs[place];
    if (run === undefined) continue;
    const near = Math.exp(-distance(run.by, by, weights) / reach);
    const weight = near * (fades[total - 1 - run.serial] ?? 0) + least;
    shares[place] = weight;
    sum += weight;
  }
  const answer = { logP50: reached(runs, sum * 0.5), logP90: reached(runs, sum * 0.9) };
  alike.latest = { by, answer };
  return answer;
}

/** Not known is the same as not known. */
function isSame(a: Circumstances, b: Circumstances): boolean {
  for (let place = 0; place < a.length; place++) if (!Object.is(a[place], b[place])) return false;
  return true;
}

/** Weights of the runs that are asked about: written before they are read, each time. */
const shares = new Float64Array(runsMax);

/** What the first took with whom the weights add up to so much. */
function reached(runs: readonly Run[], wanted: number): number {
  let below = 0;
  for (let place = 0; place < runs.length; place++) {
    below += shares[place] ?? 0;
    if (below >= wanted) return runs[place]?.logMs ?? 0;
  }
  return runs.at(-1)?.logMs ?? 0;
}

/** Where none is alike, all are as good as each other. */
const least = 1e-9;

function distance(a: Circumstances, b: Circumstances, weights: readonly number[]): number {
  let sum = 0;
  for (let place = 0; place < weights.length; place++) {
    const one = a[place] ?? Number.NaN;
    const other = b[place] ?? Number.NaN;
    const apart = Math.abs(one - other);
    if (!Number.isNaN(apart)) sum += (weights[place] ?? 0) * apart;
    else if (Number.isNaN(one) !== Number.isNaN(other)) sum += (weights[place] ?? 0) * strange;
  }
  return sum;
}
