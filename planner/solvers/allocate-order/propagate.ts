/**
 * What follows from a partial decision if the makespan is to be at most `limit`: heads and tails
 * over decided arcs, workers that two activities must share because their data would come too late,
 * workers that they cannot share because neither can wait for the other, and orders with one way
 * left (immediate selection: J. Carlier & E. Pinson, Management Science 35, 1989).
 */
import type { ProcessorModel } from "../../processors/model.js";
import { neighbourBound } from "./neighbours.js";
import { oneWorkerBound, spreadBound } from "./one-worker.js";
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

export interface Propagation {
  readonly model: ProcessorModel;
  /** Longest makespan that is of interest. */
  limit: number;
  /** The activity at which the last contradiction showed. */
  culprit: number;
  workUnits: number;
  /** Scratch of the bounds. */
  readonly list: Int32Array;
  readonly left: Int32Array;
  readonly arcsScratch: Int32Array;
}

export function createPropagation(model: ProcessorModel, limit: number): Propagation {
  return {
    model,
    limit,
    culprit: 0,
    workUnits: 0,
    list: new Int32Array(model.activities + 1),
    left: new Int32Array(model.activities + 1),
    arcsScratch: new Int32Array(4 * (model.arcs.count + 1)),
  };
}

/** False if no schedule of the decision ends by the limit. */
export function propagate(run: Propagation, state: Partial): boolean {
  let changed = true;
  while (changed) {
    do {
      changed = false;
      // Pairs are flags to look at: a row of them is no more than a probe.
      run.workUnits += 1 + ((run.model.activities * run.model.activities) >> 5);
      const heads = raiseHeads(run, state);
      const tails = raiseTails(run, state);
      if (!fits(run, state)) return false;
      changed = heads || tails;
    } while (changed);
    const pairs = decidePairs(run, state);
    if (pairs < 0) return false;
    changed = pairs > 0;
  }
  return oneWorkerBound(run, state) && spreadBound(run, state);
}

function fits(run: Propagation, { head, duration, tail }: Partial): boolean {
  for (let i = 0; i < head.length; i++) {
    const path = (head[i] as number) + (duration[i] as number) + (tail[i] as number);
    if (path <= run.limit) continue;
    run.culprit = i;
    return false;
  }
  return true;
}

/** What an arc costs at least, given what is decided about its ends. */
export function arcTicks(model: ProcessorModel, state: Partial, arc: number): number {
  const { arcs, activities } = model;
  const from = arcs.from[arc] as number;
  const to = arcs.to[arc] as number;
  const flags = state.pair[from * activities + to] as number;
  if ((flags & apart) === 0) return arcs.lag[arc] as number;
  if (arcs.links === 1) return arcs.apartMin[arc] as number;
  const source = state.domain[from] as number;
  const target = state.domain[to] as number;
  if (!isDecided(source) || !isDecided(target)) return arcs.apartMin[arc] as number;
  const row = arcs.linkOf[31 - Math.clz32(source)] as number;
  const column = arcs.linkOf[31 - Math.clz32(target)] as number;
  return arcs.apart[(arc * arcs.links + row) * arcs.links + column] as number;
}

function raiseHeads(run: Propagation, state: Partial): boolean {
  const { activities } = run.model;
  const { head, duration, pair } = state;
  let raised = false;
  for (let j = 0; j < activities; j++) {
    let at = neighbourBound(run, state, j, true);
    if (at < (head[j] as number)) at = head[j] as number;
    const row = j * activities;
    for (let i = 0; i < activities; i++) {
      // Ordered and on one worker.
      if (((pair[row + i] as number) & (after | together)) !== (after | together)) continue;
      const end = (head[i] as number) + (duration[i] as number);
      if (end > at) at = end;
    }
    if (at > (head[j] as number)) {
      head[j] = at;
      raised = true;
      if (at > run.limit) break;
    }
  }
  return raised;
}

function raiseTails(run: Propagation, state: Partial): boolean {
  const { activities } = run.model;
  const { tail, duration, pair } = state;
  let raised = false;
  for (let i = activities - 1; i >= 0; i--) {
    let at = neighbourBound(run, state, i, false);
    if (at < (tail[i] as number)) at = tail[i] as number;
    const row = i * activities;
    for (let j = 0; j < activities; j++) {
      if (((pair[row + j] as number) & (before | together)) !== (before | together)) continue;
      const rest = (tail[j] as number) + (duration[j] as number);
      if (rest > at) at = rest;
    }
    if (at > (tail[i] as number)) {
      tail[i] = at;
      raised = true;
      if (at > run.limit) break;
    }
  }
  return raised;
}

/** -1: contradiction; else whether anything was decided. */
function decidePairs(run: Propagation, state: Partial): number {
  const { model, limit } = run;
  const { activities: n, arcs } = model;
  const { head, tail, duration, pair, domain } = state;
  let changed = 0;
  for (let arc = 0; arc < arcs.count; arc++) {
    const i = arcs.from[arc] as number;
    const j = arcs.to[arc] as number;
    if (((pair[i * n + j] as number) & together) !== 0) continue;
    const end = (head[i] as number) + (duration[i] as number);
    const rest = (duration[j] as number) + (tail[j] as number);
    if (end + (arcs.apartMin[arc] as number) + rest <= limit) continue;
    if (!join(run, state, i, j)) return -1;
    changed = 1;
  }
  for (let i = 0; i < n; i++) {
    const headI = head[i] as number;
    const tailI = tail[i] as number;
    const slack = limit - (duration[i] as number);
    for (let j = i + 1; j < n; j++) {
      let flags = pair[i * n + j] as number;
      if ((flags & (together | apart)) === 0) {
        const common = (domain[i] as number) & (domain[j] as number);
        if (common === 0) {
          if (!separate(run, state, i, j)) return -1;
          changed = 1;
        } else if (common === domain[i] && common === domain[j] && isDecided(common)) {
          if (!join(run, state, i, j)) return -1;
          changed = 1;
        }
        flags = pair[i * n + j] as number;
      }
      if ((flags & (apart | before | after)) !== 0) continue;
      const room = slack - (duration[j] as number);
      const mayLead = headI + (tail[j] as number) <= room;
      const mayFollow = (head[j] as number) + tailI <= room;
      if (mayLead && mayFollow) continue;
      if (!mayLead && !mayFollow) {
        if (!separate(run, state, i, j)) return -1;
        changed = 1;
      } else if ((flags & together) !== 0) {
        if (mayLead) setOrder(state, n, i, j);
        else setOrder(state, n, j, i);
        changed = 1;
      }
    }
  }
  return changed;
}

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
