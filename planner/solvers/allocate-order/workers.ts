/** Decisions about pairs of activities, with all that follows from sharing being transitive. */
import {
  after,
  apart,
  before,
  earliestWithin,
  isDecided,
  type Partial,
  shortestWithin,
  together,
} from "./partial.js";
import type { Propagation } from "./propagation.js";

export function setOrder({ pair }: Partial, n: number, first: number, second: number): void {
  const forth = first * n + second;
  const back = second * n + first;
  pair[forth] = (pair[forth] as number) | before;
  pair[back] = (pair[back] as number) | after;
}

/** i and j share a worker: so do all that share one with either. */
export function join(run: Propagation, state: Partial, i: number, j: number): boolean {
  const { activities: n } = run.model;
  const { pair, domain } = state;
  const flags = pair[i * n + j] as number;
  if ((flags & together) !== 0) return true;
  run.culprit = i;
  if ((flags & apart) !== 0) return false;
  pair[i * n + j] = flags | together;
  pair[j * n + i] = (pair[j * n + i] as number) | together;
  const common = (domain[i] as number) & (domain[j] as number);
  if (!restrict(run, state, i, common) || !restrict(run, state, j, common)) return false;
  for (let k = 0; k < n; k++) {
    if (k === i || k === j) continue;
    const withI = pair[i * n + k] as number;
    const withJ = pair[j * n + k] as number;
    if ((withI & together) !== 0 && !join(run, state, j, k)) return false;
    if ((withJ & together) !== 0 && !join(run, state, i, k)) return false;
    if ((withI & apart) !== 0 && !separate(run, state, j, k)) return false;
    if ((withJ & apart) !== 0 && !separate(run, state, i, k)) return false;
  }
  return true;
}

/** i and j run on different workers: so do all that share one with either. */
export function separate(run: Propagation, state: Partial, i: number, j: number): boolean {
  const { activities: n } = run.model;
  const { pair, domain } = state;
  const flags = pair[i * n + j] as number;
  if ((flags & apart) !== 0) return true;
  run.culprit = i;
  if ((flags & together) !== 0) return false;
  pair[i * n + j] = flags | apart;
  pair[j * n + i] = (pair[j * n + i] as number) | apart;
  const ofI = domain[i] as number;
  const ofJ = domain[j] as number;
  if (isDecided(ofI) && !restrict(run, state, j, ofJ & ~ofI)) return false;
  if (isDecided(ofJ) && !restrict(run, state, i, ofI & ~ofJ)) return false;
  for (let k = 0; k < n; k++) {
    if (k === i || k === j) continue;
    if (((pair[i * n + k] as number) & together) !== 0 && !separate(run, state, k, j)) return false;
    if (((pair[j * n + k] as number) & together) !== 0 && !separate(run, state, k, i)) return false;
  }
  return true;
}

/** Leaves an activity and all that share its worker these workers. */
export function restrict(run: Propagation, state: Partial, i: number, workers: number): boolean {
  const { model } = run;
  const { activities: n } = model;
  const { domain, pair, head, duration } = state;
  const left = (domain[i] as number) & workers;
  if (left === domain[i]) return true;
  run.culprit = i;
  if (left === 0) return false;
  domain[i] = left;
  duration[i] = shortestWithin(model, i, left);
  head[i] = Math.max(head[i] as number, earliestWithin(model, i, left));
  for (let k = 0; k < n; k++) {
    const flags = pair[i * n + k] as number;
    if ((flags & together) !== 0 && !restrict(run, state, k, left)) return false;
    if ((flags & apart) !== 0 && isDecided(left) && !restrict(run, state, k, ~left)) return false;
  }
  return true;
}
