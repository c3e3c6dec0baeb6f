/**
 * A set Θ of tasks on one machine, in order of their earliest starts, with its earliest completion at
 * the root of a balanced tree (Vilím 2004, "O(n log n) filtering algorithms for unary resource
 * constraint"). Grey leaves (Λ) are tasks of which one may be added (Vilím 2007, "Global constraints
 * in scheduling"): the root then also knows the latest completion that a single grey one brings about,
 * and a walk down says which one that is.
 */

/** Least of what stands in an empty leaf: sums with it stay in 32 bits. */
const nothing = -(2 ** 30);

export interface ThetaTree {
  /** Leaves are size … 2 * size - 1; a power of two. */
  readonly size: number;
  /** Of the white leaves below: sum of durations, earliest completion. */
  readonly sum: Int32Array;
  readonly ect: Int32Array;
  /** The same with at most one grey leaf. */
  readonly greySum: Int32Array;
  readonly greyEct: Int32Array;
}

export function createThetaTree(leaves: number): ThetaTree {
  let size = 1;
  while (size < leaves) size *= 2;
  const ints = (): Int32Array => new Int32Array(2 * size);
  const tree = { size, sum: ints(), ect: ints(), greySum: ints(), greyEct: ints() };
  clearTree(tree);
  return tree;
}

export function clearTree(tree: ThetaTree): void {
  tree.sum.fill(0);
  tree.greySum.fill(0);
  tree.ect.fill(nothing);
  tree.greyEct.fill(nothing);
}

export function addWhite(tree: ThetaTree, leaf: number, est: number, duration: number): void {
  const node = tree.size + leaf;
  tree.sum[node] = duration;
  tree.ect[node] = est + duration;
  tree.greySum[node] = duration;
  tree.greyEct[node] = est + duration;
  lift(tree, node);
}

/** Takes the task out of Θ, and holds it ready as one that may be added. */
export function addGrey(tree: ThetaTree, leaf: number, est: number, duration: number): void {
  const node = tree.size + leaf;
  tree.sum[node] = 0;
  tree.ect[node] = nothing;
  tree.greySum[node] = duration;
  tree.greyEct[node] = est + duration;
  lift(tree, node);
}

export function removeLeaf(tree: ThetaTree, leaf: number): void {
  const node = tree.size + leaf;
  tree.sum[node] = 0;
  tree.ect[node] = nothing;
  tree.greySum[node] = 0;
  tree.greyEct[node] = nothing;
  lift(tree, node);
}

function lift(tree: ThetaTree, leaf: number): void {
  const { sum, ect, greySum, greyEct } = tree;
  for (let node = leaf >> 1; node > 0; node >>= 1) {
    const left = 2 * node;
    const right = left + 1;
    const leftSum = sum[left] as number;
    const rightSum = sum[right] as number;
    const leftEct = ect[left] as number;
    const rightEct = ect[right] as number;
    const rightGreySum = greySum[right] as number;
    sum[node] = leftSum + rightSum;
    ect[node] = Math.max(rightEct, leftEct + rightSum);
    greySum[node] = Math.max((greySum[left] as number) + rightSum, leftSum + rightGreySum);
    greyEct[node] = Math.max(
      greyEct[right] as number,
      leftEct + rightGreySum,
      (greyEct[left] as number) + rightSum,
    );
  }
}

/** Earliest completion of Θ. */
export const earliestCompletion = (tree: ThetaTree): number => tree.ect[1] as number;

/** The same with the grey task that delays it most. */
export const greyCompletion = (tree: ThetaTree): number => tree.greyEct[1] as number;

/** First leaf of the tasks that make up the earliest completion: it, and the white ones behind it. */
export const criticalLeaf = (tree: ThetaTree): number => criticalBelow(tree, 1);

function criticalBelow(tree: ThetaTree, from: number): number {
  let node = from;
  while (node < tree.size) {
    const right = 2 * node + 1;
    node = tree.ect[node] === tree.ect[right] ? right : right - 1;
  }
  return node - tree.size;
}

/**
 * The grey leaf that makes the grey completion, where that is later than the completion without it;
 * `criticalGreyLeaf` is the first leaf of those that make it up.
 */
export function responsibleGrey(tree: ThetaTree): number {
  const { size, sum, ect, greySum, greyEct } = tree;
  let node = 1;
  // First by completion, then, once the begin of the critical tasks is behind, by sum.
  while (node < size) {
    const left = 2 * node;
    const right = left + 1;
    if (greyEct[node] === greyEct[right]) node = right;
    else if (greyEct[node] === (ect[left] as number) + (greySum[right] as number)) {
      node = right;
      break;
    } else node = left;
  }
  while (node < size) {
    const left = 2 * node;
    const isRight = greySum[node] === (sum[left] as number) + (greySum[left + 1] as number);
    node = isRight ? left + 1 : left;
  }
  return node - size;
}

export function criticalGreyLeaf(tree: ThetaTree): number {
  const { size, ect, greySum, greyEct } = tree;
  let node = 1;
  while (node < size) {
    const left = 2 * node;
    const right = left + 1;
    if (greyEct[node] === greyEct[right]) node = right;
    else if (greyEct[node] === (ect[left] as number) + (greySum[right] as number)) {
      return criticalBelow(tree, left);
    } else node = left;
  }
  return node - size;
}
