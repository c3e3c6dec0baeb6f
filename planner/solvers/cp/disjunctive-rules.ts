/**
 * The rules of one machine in one view, each with its reasons. All of them look at the bounds as they
 * were read: what one rule has raised since only makes its reasons easier to meet.
 */
import type { Engine } from "./engine.js";
import {
  always,
  earliestEnd,
  latestStart,
  type MachineView,
  postEnd,
  postStart,
  runsHere,
  startsBy,
  startsFrom,
  unknown,
} from "./machine.js";
import {
  addGrey,
  addWhite,
  clearTree,
  criticalGreyLeaf,
  criticalLeaf,
  earliestCompletion,
  greyCompletion,
  removeLeaf,
  responsibleGrey,
  type ThetaTree,
} from "./theta-tree.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";

const white = (view: MachineView, tree: ThetaTree, k: number): void =>
  addWhite(tree, view.placeOf[k] as number, view.est[k] as number, view.duration[k] as number);

const grey = (view: MachineView, tree: ThetaTree, k: number): void =>
  addGrey(tree, view.placeOf[k] as number, view.est[k] as number, view.duration[k] as number);

/** Whether the leaf holds a task of Θ. */
const isWhite = (tree: ThetaTree, leaf: number): boolean =>
  (tree.sum[tree.size + leaf] as number) > 0;

/**
 * Overload: tasks that must all run between two instants that are too close. What may run here too,
 * but would overload them, does not.
 */
export function rejectOverload(engine: Engine, view: MachineView, tree: ThetaTree): boolean {
  // With no place open, edge finding sees the same.
  if (!view.here.includes(0)) return true;
  clearTree(tree);
  for (let at = 0; at < view.count; at += 1) {
    const k = view.byLct[at] as number;
    if (view.here[k] === -1) continue;
    if (view.here[k] === 1) white(view, tree, k);
    else grey(view, tree, k);
    const limit = view.lct[k] as number;
    if (earliestCompletion(tree) > limit) return failOverload(engine, view, tree);
    while (greyCompletion(tree) > limit) {
      const other = view.byEst[responsibleGrey(tree)] as number;
      const leaf = criticalGreyLeaf(tree);
      const from = view.est[view.byEst[leaf] as number] as number;
      const to = greyCompletion(tree) - 1;
      const list = beginList(engine);
      listBetween(engine, view, tree, list, leaf, from, to, wholeTask);
      startsFrom(engine, view, list, other, from);
      startsBy(engine, view, list, other, to - (view.duration[other] as number));
      removeLeaf(tree, view.placeOf[other] as number);
      const literal = view.presence[other] as number;
      if (!post(engine, literal ^ 1, literal & 1, listReason(list))) return false;
    }
  }
  return true;
}

function failOverload(engine: Engine, view: MachineView, tree: ThetaTree): false {
  const list = beginList(engine);
  const leaf = criticalLeaf(tree);
  const from = view.est[view.byEst[leaf] as number] as number;
  // The least that overloads: the latest ends may be later by what is too much.
  listBetween(engine, view, tree, list, leaf, from, earliestCompletion(tree) - 1, wholeTask);
  return failList(engine, list);
}

/** What must lie between two instants: all of a task, or its start alone. */
const wholeTask = 1;
const startAlone = 0;

/** Lists that the white tasks from the leaf on, or their starts, lie between two instants. */
function listBetween(
  engine: Engine,
  view: MachineView,
  tree: ThetaTree,
  list: number,
  leaf: number,
  from: number,
  to: number,
  what: typeof wholeTask | typeof startAlone,
): void {
  for (let at = leaf; at < view.count; at += 1) {
    if (!isWhite(tree, at)) continue;
    const k = view.byEst[at] as number;
    startsFrom(engine, view, list, k, from);
    startsBy(engine, view, list, k, to - what * (view.duration[k] as number));
    runsHere(engine, view, list, k);
  }
}

/** Orders that are decided: a task starts when all that go before it have found room one by one. */
export function pushBehind(engine: Engine, view: MachineView): boolean {
  const { count, byEst, est, duration, here } = view;
  for (let k = 0; k < count; k += 1) {
    if (here[k] !== 1) continue;
    let completion = -(2 ** 30);
    let first = 0;
    for (let at = 0; at < count; at += 1) {
      const other = byEst[at] as number;
      if (here[other] !== 1 || !goesBefore(engine, view, other, k)) continue;
      if ((est[other] as number) >= completion) {
        completion = est[other] as number;
        first = at;
      }
      completion += duration[other] as number;
    }
    if (completion <= (est[k] as number)) continue;
    if (!pushOne(engine, view, k, completion, first)) return false;
  }
  return true;
}

function goesBefore(engine: Engine, view: MachineView, first: number, second: number): boolean {
  const literal = view.before[first * view.count + second] as number;
  if (literal === always) return true;
  return literal !== unknown && (engine.low[literal] as number) >= 1 - (literal & 1);
}

function pushOne(
  engine: Engine,
  view: MachineView,
  k: number,
  completion: number,
  first: number,
): boolean {
  // No more is claimed than what fails, and no more blamed than what is claimed.
  const time = Math.min(completion, latestStart(engine, view, k) + 1);
  const from = (view.est[view.byEst[first] as number] as number) - (completion - time);
  const list = beginList(engine);
  for (let at = first; at < view.count; at += 1) {
    const other = view.byEst[at] as number;
    if (view.here[other] !== 1 || !goesBefore(engine, view, other, k)) continue;
    startsFrom(engine, view, list, other, from);
    runsHere(engine, view, list, other);
    const literal = view.before[other * view.count + k] as number;
    if (literal >= 0) listAtom(engine, list, literal, 1 - (literal & 1));
  }
  runsHere(engine, view, list, k);
  return postStart(engine, view, k, time, listReason(list));
}

/**
 * Detectable precedences, by bounds: who must start before the task can end goes before it. For pairs
 * without an order literal.
 */
export function detectPrecedences(engine: Engine, view: MachineView, tree: ThetaTree): boolean {
  const { count, byLst, byEct, est, ect, lst, here } = view;
  clearTree(tree);
  let next = 0;
  for (let rank = 0; rank < count; rank += 1) {
    const k = byEct[rank] as number;
    if (here[k] !== 1) continue;
    for (; next < count; next += 1) {
      const other = byLst[next] as number;
      if ((lst[other] as number) >= (ect[k] as number)) break;
      if (here[other] === 1) white(view, tree, other);
    }
    const isIn = (lst[k] as number) < (ect[k] as number);
    if (isIn) removeLeaf(tree, view.placeOf[k] as number);
    if (earliestCompletion(tree) > (est[k] as number)) {
      if (!pushDetected(engine, view, tree, k)) return false;
    }
    if (isIn) white(view, tree, k);
  }
  return true;
}

function pushDetected(engine: Engine, view: MachineView, tree: ThetaTree, k: number): boolean {
  const { byEst, est, ect } = view;
  const completion = earliestCompletion(tree);
  const leaf = criticalLeaf(tree);
  const time = Math.min(completion, latestStart(engine, view, k) + 1);
  const from = (est[byEst[leaf] as number] as number) - (completion - time);
  const list = beginList(engine);
  listBetween(engine, view, tree, list, leaf, from, (ect[k] as number) - 1, startAlone);
  startsFrom(engine, view, list, k, est[k] as number);
  runsHere(engine, view, list, k);
  return postStart(engine, view, k, time, listReason(list));
}

/**
 * Not last: all the others cannot be done by the latest start of a task, so it ends before one of them
 * starts.
 */
export function refuseLast(engine: Engine, view: MachineView, tree: ThetaTree): boolean {
  const { count, byLct, byLst, lct, lst, here } = view;
  clearTree(tree);
  let next = 0;
  for (let rank = 0; rank < count; rank += 1) {
    const k = byLct[rank] as number;
    if (here[k] !== 1) continue;
    for (; next < count; next += 1) {
      const other = byLst[next] as number;
      if ((lst[other] as number) >= (lct[k] as number)) break;
      if (here[other] === 1) white(view, tree, other);
    }
    removeLeaf(tree, view.placeOf[k] as number);
    if (earliestCompletion(tree) > (lst[k] as number)) {
      if (!endBefore(engine, view, tree, k)) return false;
    }
    white(view, tree, k);
  }
  return true;
}

function endBefore(engine: Engine, view: MachineView, tree: ThetaTree, k: number): boolean {
  const { byEst, est, lst, count } = view;
  const leaf = criticalLeaf(tree);
  let last = earliestEnd(engine, view, k) - 1;
  for (let at = leaf; at < count; at += 1) {
    if (isWhite(tree, at)) last = Math.max(last, lst[byEst[at] as number] as number);
  }
  const list = beginList(engine);
  const from = est[byEst[leaf] as number] as number;
  listBetween(engine, view, tree, list, leaf, from, last, startAlone);
  startsBy(engine, view, list, k, earliestCompletion(tree) - 1);
  runsHere(engine, view, list, k);
  return postEnd(engine, view, k, last, listReason(list));
}

/**
 * Edge finding: a task that cannot be done together with a set before the set must be goes behind all
 * of the set.
 */
export function findEdges(engine: Engine, view: MachineView, tree: ThetaTree): boolean {
  const { count, byLct, byEst, est, here, lct } = view;
  clearTree(tree);
  for (let k = 0; k < count; k += 1) if (here[k] === 1) white(view, tree, k);
  let rank = count - 1;
  while (rank >= 0 && here[byLct[rank] as number] !== 1) rank -= 1;
  if (rank < 0) return true;
  if (earliestCompletion(tree) > (lct[byLct[rank] as number] as number)) {
    return failOverload(engine, view, tree);
  }
  while (rank >= 0) {
    // The task of the latest end turns grey; the others are to be done by the next latest one.
    grey(view, tree, byLct[rank] as number);
    do rank -= 1;
    while (rank >= 0 && here[byLct[rank] as number] !== 1);
    if (rank < 0) return true;
    const limit = lct[byLct[rank] as number] as number;
    // Bounds may have risen since overload was looked for, and no grey task is to blame then.
    if (earliestCompletion(tree) > limit) return failOverload(engine, view, tree);
    while (greyCompletion(tree) > limit) {
      const k = byEst[responsibleGrey(tree)] as number;
      if (earliestCompletion(tree) > (est[k] as number)) {
        if (!goBehind(engine, view, tree, k, limit)) return false;
      }
      removeLeaf(tree, view.placeOf[k] as number);
    }
  }
  return true;
}

function goBehind(
  engine: Engine,
  view: MachineView,
  tree: ThetaTree,
  k: number,
  limit: number,
): boolean {
  const { byEst, est, duration, count } = view;
  const completion = earliestCompletion(tree);
  const pushLeaf = criticalLeaf(tree);
  const own = duration[k] as number;
  const pushFrom = est[byEst[pushLeaf] as number] as number;
  // A set that pushes further and begins earlier is itself one that the task goes behind.
  const leaf = Math.min(criticalGreyLeaf(tree), pushLeaf);
  const from = Math.min(est[byEst[leaf] as number] as number, est[k] as number);
  let busy = own;
  for (let at = leaf; at < count; at += 1) {
    if (isWhite(tree, at)) busy += duration[byEst[at] as number] as number;
  }
  const time = Math.min(completion, latestStart(engine, view, k) + 1);
  const to = Math.max(limit, from + busy - 1);
  const list = beginList(engine);
  for (let at = leaf; at < count; at += 1) {
    if (!isWhite(tree, at)) continue;
    const other = byEst[at] as number;
    startsFrom(
      engine,
      view,
      list,
      other,
      at >= pushLeaf ? Math.max(from, pushFrom - (completion - time)) : from,
    );
    startsBy(engine, view, list, other, to - (duration[other] as number));
    runsHere(engine, view, list, other);
  }
  startsFrom(engine, view, list, k, from);
  runsHere(engine, view, list, k);
  return postStart(engine, view, k, time, listReason(list));
}
