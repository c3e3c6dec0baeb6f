/**
 * A forest of regression trees as columns, and the walker that every other evaluation of a model
 * has to agree with. All numbers are float32, and sums are rounded after each addition, tree after
 * tree and the base last: what an ONNX runtime computes for the same model.
 */
export interface Forest {
  readonly features: number;
  /** Outputs, each the sum of its own trees and its base. */
  readonly targets: number;
  readonly base: Float32Array;
  /** First node of each tree, and behind the last the count of nodes. */
  readonly roots: Int32Array;
  /** Target of each tree. */
  readonly target: Uint8Array;
  /** Of each node: the feature that it asks for, or -1 for a leaf. */
  readonly feature: Int16Array;
  /** Of a branch its threshold (at most: left; more, or NaN: right), of a leaf its value. */
  readonly value: Float32Array;
  /** Of each branch, counted within the whole forest. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** Writes the outputs for one row of features into `into`. */
export function walk(forest: Forest, row: Float32Array, into: Float32Array): void {
  const { base, roots, target, feature, value, left, right } = forest;
  into.fill(0);
  const trees = roots.length - 1;
  for (let tree = 0; tree < trees; tree++) {
    let node = roots[tree] ?? 0;
    for (let asked = feature[node] ?? -1; asked >= 0; asked = feature[node] ?? -1) {
      const isLeft = (row[asked] ?? Number.NaN) <= (value[node] ?? 0);
      node = (isLeft ? left[node] : right[node]) ?? 0;
    }
    const of = target[tree] ?? 0;
    into[of] = (into[of] ?? 0) + (value[node] ?? 0);
  }
  for (let of = 0; of < base.length; of++) into[of] = (into[of] ?? 0) + (base[of] ?? 0);
}

/** A forest of several, the targets of each behind those of the one before. */
export function joinForests(forests: readonly Forest[]): Forest {
  const first = forests[0];
  if (first === undefined) throw new Error("no forest to join");
  const nodes = forests.reduce((sum, { feature }) => sum + feature.length, 0);
  const trees = forests.reduce((sum, { target }) => sum + target.length, 0);
  const joined = {
    features: first.features,
    targets: forests.reduce((sum, { targets }) => sum + targets, 0),
    base: Float32Array.from(forests.flatMap(({ base }) => [...base])),
    roots: new Int32Array(trees + 1),
    target: new Uint8Array(trees),
    feature: new Int16Array(nodes),
    value: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
  };
  let [tree, node, target] = [0, 0, 0];
  for (const forest of forests) {
    const [byNode, byTarget] = [node, target];
    joined.roots.set(
      forest.roots.map((root) => root + byNode),
      tree,
    );
    joined.target.set(
      forest.target.map((of) => of + byTarget),
      tree,
    );
    joined.feature.set(forest.feature, node);
    joined.value.set(forest.value, node);
    joined.left.set(
      forest.left.map((to) => to + byNode),
      node,
    );
    joined.right.set(
      forest.right.map((to) => to + byNode),
      node,
    );
    tree += forest.target.length;
    node += forest.feature.length;
    target += forest.targets;
  }
  return joined;
}
