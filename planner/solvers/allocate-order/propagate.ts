/**
 * What follows from a partial decision if the makespan is to be at most `limit`: heads and tails
 * over decided arcs, workers that two activities must share because their data would come too late,
 * workers that they cannot share because neither can wait for the other, and orders with one way
 * left (immediate selection: J. Carlier & E. Pinson, Management Science 35, 1989).
 */
import { neighbourBound } from "./neighbours.js";
import { oneWorkerBound, spreadBound } from "./one-worker.js";
import { after, apart, before, isDecided, type Partial, together } from "./partial.js";
import type { Propagation } from "./propagation.js";
import { join, separate, setOrder } from "./workers.js";

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
  const n = run.model.activities;
  let changed = joinByArcs(run, state);
  for (let i = 0; i < n && changed >= 0; i++) {
    for (let j = i + 1; j < n; j++) {
      const workers = decideWorkers(run, state, i, j);
      const order = workers < 0 ? -1 : decideOrder(run, state, i, j);
      if (order < 0) return -1;
      changed |= workers | order;
    }
  }
  return changed;
}

/** Activities between which data would come too late share a worker. */
function joinByArcs(run: Propagation, state: Partial): number {
  const { activities: n, arcs } = run.model;
  const { head, tail, duration, pair } = state;
  let changed = 0;
  for (let arc = 0; arc < arcs.count; arc++) {
    const i = arcs.from[arc] as number;
    const j = arcs.to[arc] as number;
    if (((pair[i * n + j] as number) & together) !== 0) continue;
    const end = (head[i] as number) + (duration[i] as number);
    const rest = (duration[j] as number) + (tail[j] as number);
    if (end + (arcs.apartMin[arc] as number) + rest <= run.limit) continue;
    if (!join(run, state, i, j)) return -1;
    changed = 1;
  }
  return changed;
}

/** What the workers left to both say of a pair. */
function decideWorkers(run: Propagation, state: Partial, i: number, j: number): number {
  const { pair, domain } = state;
  const flags = pair[i * run.model.activities + j] as number;
  if ((flags & (together | apart)) !== 0) return 0;
  const common = (domain[i] as number) & (domain[j] as number);
  if (common === 0) return separate(run, state, i, j) ? 1 : -1;
  const isOne = common === domain[i] && common === domain[j] && isDecided(common);
  if (!isOne) return 0;
  return join(run, state, i, j) ? 1 : -1;
}

/** Of a pair without an order: which of the two ways to share a worker the limit leaves. */
function decideOrder(run: Propagation, state: Partial, i: number, j: number): number {
  const { head, tail, duration, pair } = state;
  const n = run.model.activities;
  const flags = pair[i * n + j] as number;
  if ((flags & (apart | before | after)) !== 0) return 0;
  const room = run.limit - (duration[i] as number) - (duration[j] as number);
  const mayLead = (head[i] as number) + (tail[j] as number) <= room;
  const mayFollow = (head[j] as number) + (tail[i] as number) <= room;
  if (mayLead && mayFollow) return 0;
  if (!mayLead && !mayFollow) return separate(run, state, i, j) ? 1 : -1;
  if ((flags & together) === 0) return 0;
  if (mayLead) setOrder(state, n, i, j);
  else setOrder(state, n, j, i);
  return 1;
}
