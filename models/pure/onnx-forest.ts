/**
 * The trees of one of our own models, read back from its bytes: `onnxOf` undone. Nothing else is
 * read: a model that has another operator, another attribute or other names is not one of ours.
 */
import type { Forest } from "./forest.js";
import { inputName, outputName } from "./onnx.js";
import { asciiOf, type Field, fieldsOf, floatsOf, varintsOf } from "./protobuf-reader.js";

/** Columns of `Forest` hold no more. */
const featuresMax = 2 ** 15 - 1;
const targetsMax = 2 ** 8;

/** Throws an Error that says in what the bytes are not a model of ours. */
export function forestOf(model: Uint8Array): Forest {
  const graph = fieldsOf(only(fieldsOf(model), 7, "graphs"));
  if (graph.some(({ number }) => number === 5 || number === 15)) throw foreign("it has tensors");
  const node = fieldsOf(only(graph, 1, "nodes"));
  const operator = `${textIn(node, 7)}.${textIn(node, 4)}`;
  if (operator !== "ai.onnx.ml.TreeEnsembleRegressor") throw foreign(`its operator is ${operator}`);
  if (textIn(node, 1) !== inputName || textIn(node, 2) !== outputName) {
    throw foreign("its trees are fed from elsewhere");
  }
  const features = widthOf(only(graph, 11, "inputs"), inputName, featuresMax);
  const targets = widthOf(only(graph, 12, "outputs"), outputName, targetsMax);
  return forestFrom(columnsOf(node), features, targets);
}

interface Columns {
  readonly targets: number;
  readonly base: Float32Array;
  readonly treeIds: readonly number[];
  readonly nodeIds: readonly number[];
  readonly asked: readonly number[];
  readonly thresholds: Float32Array;
  readonly isLeaf: readonly boolean[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly leafTrees: readonly number[];
  readonly leafNodes: readonly number[];
  readonly leafTargets: readonly number[];
  readonly leafValues: Float32Array;
}

const attributeNames = [
  "aggregate_function",
  "post_transform",
  "n_targets",
  "base_values",
  "nodes_treeids",
  "nodes_nodeids",
  "nodes_featureids",
  "nodes_values",
  "nodes_truenodeids",
  "nodes_falsenodeids",
  "nodes_modes",
  "target_treeids",
  "target_nodeids",
  "target_ids",
  "target_weights",
] as const;
type AttributeName = (typeof attributeNames)[number];

function columnsOf(node: readonly Field[]): Columns {
  const attributes = new Map<string, readonly Field[]>();
  for (const { bytes } of node.filter(({ number }) => number === 5)) {
    const attribute = fieldsOf(bytes);
    attributes.set(textIn(attribute, 1), attribute);
  }
  // One that is not known might change what the trees mean.
  for (const name of attributes.keys()) {
    if (!attributeNames.some((known) => known === name)) throw foreign(`it has ${name}`);
  }
  const read = (name: AttributeName): readonly Field[] => {
    const attribute = attributes.get(name);
    if (attribute === undefined) throw foreign(`it has no ${name}`);
    return attribute;
  };
  const floats = (name: AttributeName): Float32Array => floatsOf(only(read(name), 7, name));
  const integers = (name: AttributeName): number[] => varintsOf(only(read(name), 8, name));
  if (textIn(read("aggregate_function"), 4) !== "SUM") throw foreign("its trees are not summed");
  if (textIn(read("post_transform"), 4) !== "NONE") throw foreign("its sums are transformed");
  const modes = read("nodes_modes").filter(({ number }) => number === 9);
  return {
    targets: read("n_targets").find(({ number }) => number === 3)?.integer ?? 0,
    base: floats("base_values"),
    treeIds: integers("nodes_treeids"),
    nodeIds: integers("nodes_nodeids"),
    asked: integers("nodes_featureids"),
    thresholds: floats("nodes_values"),
    isLeaf: modes.map(({ bytes }) => isLeafMode(bytes)),
    left: integers("nodes_truenodeids"),
    right: integers("nodes_falsenodeids"),
    leafTrees: integers("target_treeids"),
    leafNodes: integers("target_nodeids"),
    leafTargets: integers("target_ids"),
    leafValues: floats("target_weights"),
  };
}

function isLeafMode(mode: Uint8Array): boolean {
  const text = asciiOf(mode);
  if (text !== "LEAF" && text !== "BRANCH_LEQ") throw foreign(`it has nodes of ${text}`);
  return text === "LEAF";
}

/** Every node is looked at: a walk of what comes out ends, and asks for nothing that is not there. */
function forestFrom(columns: Columns, features: number, targets: number): Forest {
  const { base, treeIds } = columns;
  checkLengths(columns);
  if (columns.targets !== targets || base.length !== targets) throw foreign("its targets differ");
  const nodes = treeIds.length;
  const roots = rootsOf(treeIds);
  const forest: Forest = {
    features,
    targets,
    base,
    roots,
    target: new Uint8Array(roots.length - 1),
    feature: new Int16Array(nodes),
    value: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
  };
  let leaf = 0;
  for (let tree = 0; tree + 1 < roots.length; tree++) {
    const first = leaf;
    for (let node = roots[tree] ?? 0; node < (roots[tree + 1] ?? 0); node++) {
      if (columns.nodeIds[node] !== node - (roots[tree] ?? 0)) throw disordered("node", node);
      if (columns.isLeaf[node] === true) readLeaf(columns, forest, { tree, node, leaf: leaf++ });
      else readBranch(columns, forest, { tree, node });
    }
    const target = columns.leafTargets[first] ?? targets;
    if (target >= targets) throw foreign(`tree ${tree} has no target`);
    for (let own = first; own < leaf; own++) {
      if (columns.leafTargets[own] !== target) throw foreign(`tree ${tree} has two targets`);
    }
    forest.target[tree] = target;
  }
  if (leaf !== columns.leafTrees.length) throw foreign("it has leaves without a tree");
  return forest;
}

function checkLengths(columns: Columns): void {
  const { treeIds, nodeIds, asked, thresholds, isLeaf, left, right } = columns;
  const { leafTrees, leafNodes, leafTargets, leafValues } = columns;
  const areNodes = [nodeIds, asked, thresholds, isLeaf, left, right].every(
    ({ length }) => length === treeIds.length,
  );
  const areLeaves = [leafNodes, leafTargets, leafValues].every(
    ({ length }) => length === leafTrees.length,
  );
  if (!areNodes || !areLeaves) throw foreign("its columns are not of one length");
}

function readLeaf(
  { leafTrees, leafNodes, leafValues }: Columns,
  { roots, feature, value }: Forest,
  { tree, node, leaf }: { readonly tree: number; readonly node: number; readonly leaf: number },
): void {
  const isInOrder = leafTrees[leaf] === tree && leafNodes[leaf] === node - (roots[tree] ?? 0);
  if (!isInOrder) throw disordered("leaf", leaf);
  feature[node] = -1;
  value[node] = leafValues[leaf] ?? 0;
}

function readBranch(
  columns: Columns,
  { features, roots, feature, value, left, right }: Forest,
  { tree, node }: { readonly tree: number; readonly node: number },
): void {
  const root = roots[tree] ?? 0;
  const asked = columns.asked[node] ?? features;
  if (asked >= features) throw foreign(`node ${node} asks for feature ${asked} of ${features}`);
  const children = [root + (columns.left[node] ?? 0), root + (columns.right[node] ?? 0)] as const;
  // Children stand behind their parent: so there is no way round.
  if (children.some((child) => child <= node || child >= (roots[tree + 1] ?? 0))) {
    throw foreign(`node ${node} leads astray`);
  }
  feature[node] = asked;
  value[node] = columns.thresholds[node] ?? 0;
  [left[node], right[node]] = children;
}

/** Trees are numbered from 0, one behind the other. */
function rootsOf(treeIds: readonly number[]): Int32Array {
  const roots: number[] = [];
  treeIds.forEach((tree, node) => {
    if (tree === roots.length) roots.push(node);
    else if (tree !== roots.length - 1) throw disordered("tree", tree);
  });
  roots.push(treeIds.length);
  return Int32Array.from(roots);
}

/** Columns of a tensor [rows, columns] of that name. */
function widthOf(valueInfo: Uint8Array, name: string, widthMax: number): number {
  const value = fieldsOf(valueInfo);
  if (textIn(value, 1) !== name) throw foreign(`there is no ${name}`);
  const tensor = fieldsOf(only(fieldsOf(only(value, 2, "types")), 1, "tensors"));
  const shape = fieldsOf(only(tensor, 2, "shapes")).filter(({ number }) => number === 1);
  const columns = fieldsOf(shape[1]?.bytes ?? new Uint8Array(0));
  const width = columns.find(({ number }) => number === 1)?.integer ?? 0;
  if (shape.length !== 2 || width < 1 || width > widthMax) throw foreign(`${name} are ${width}`);
  return width;
}

function only(fields: readonly Field[], number: number, what: string): Uint8Array {
  const found = fields.filter((field) => field.number === number);
  const [one] = found;
  if (one === undefined || found.length > 1) throw foreign(`${what}: ${found.length}, not 1`);
  return one.bytes;
}

const textIn = (fields: readonly Field[], number: number): string =>
  asciiOf(fields.find((field) => field.number === number)?.bytes ?? new Uint8Array(0));

const disordered = (what: string, place: number): Error =>
  foreign(`${what} ${place} is out of order`);

const foreign = (why: string): Error => new Error(`not a model of ours: ${why}`);
