/**
 * A forest as an ONNX model of one TreeEnsembleRegressor (onnx/onnx, onnx.proto and the operator
 * set ai.onnx.ml 3): input `features`, float [rows, features]; output `outputs`, float
 * [rows, targets]. Field numbers below are those of onnx.proto.
 */
import type { Forest } from "./forest.js";
import { type ProtobufWriter, protobuf } from "./protobuf.js";

export const inputName = "features";
export const outputName = "outputs";

const irVersion = 8;
const mainOperators = 17;
const treeOperators = 3;

const elementFloat = 1;
const attribute = { float: 1, integer: 2, text: 3, floats: 6, integers: 7, texts: 8 } as const;

/** Bytes of the model. `metadata` goes along as text, for instance the schema of the features. */
export function onnxOf(forest: Forest, metadata: Readonly<Record<string, string>>): Uint8Array {
  return protobuf((model) => {
    model.integer(1, irVersion);
    model.text(2, "almanac");
    model.message(8, (set) => operators(set, "", mainOperators));
    model.message(8, (set) => operators(set, "ai.onnx.ml", treeOperators));
    model.message(7, (graph) => {
      graph.message(1, (node) => treeNode(node, forest));
      graph.text(2, "durations");
      graph.message(11, (value) => valueInfo(value, inputName, forest.features));
      graph.message(12, (value) => valueInfo(value, outputName, forest.targets));
    });
    for (const [key, value] of Object.entries(metadata)) {
      model.message(14, (entry) => {
        entry.text(1, key);
        entry.text(2, value);
      });
    }
  });
}

function operators(set: ProtobufWriter, domain: string, version: number): void {
  set.text(1, domain);
  set.integer(2, version);
}

function valueInfo(value: ProtobufWriter, name: string, width: number): void {
  value.text(1, name);
  value.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, elementFloat);
      tensor.message(2, (shape) => {
        shape.message(1, (rows) => rows.text(2, "rows"));
        shape.message(1, (columns) => columns.integer(1, width));
      });
    }),
  );
}

function treeNode(node: ProtobufWriter, forest: Forest): void {
  const columns = nodeColumns(forest);
  node.text(1, inputName);
  node.text(2, outputName);
  node.text(3, "trees");
  node.text(4, "TreeEnsembleRegressor");
  node.text(7, "ai.onnx.ml");
  const floats = (name: string, values: ArrayLike<number>): void =>
    attributeOf(node, name, attribute.floats, (value) => value.floats(7, values));
  const integers = (name: string, values: ArrayLike<number>): void =>
    attributeOf(node, name, attribute.integers, (value) => value.integers(8, values));
  const text = (name: string, content: string): void =>
    attributeOf(node, name, attribute.text, (value) => value.text(4, content));

  text("aggregate_function", "SUM");
  text("post_transform", "NONE");
  attributeOf(node, "n_targets", attribute.integer, (value) => value.integer(3, forest.targets));
  floats("base_values", forest.base);
  integers("nodes_treeids", columns.treeIds);
  integers("nodes_nodeids", columns.nodeIds);
  integers("nodes_featureids", columns.features);
  floats("nodes_values", columns.thresholds);
  integers("nodes_truenodeids", columns.left);
  integers("nodes_falsenodeids", columns.right);
  attributeOf(node, "nodes_modes", attribute.texts, (value) => {
    for (const feature of forest.feature) value.text(9, feature === -1 ? "LEAF" : "BRANCH_LEQ");
  });
  integers("target_treeids", columns.leafTrees);
  integers("target_nodeids", columns.leafNodes);
  integers("target_ids", columns.leafTargets);
  floats("target_weights", columns.leafValues);
}

function attributeOf(
  node: ProtobufWriter,
  name: string,
  type: number,
  write: (value: ProtobufWriter) => void,
): void {
  node.message(5, (value) => {
    value.text(1, name);
    write(value);
    value.integer(20, type);
  });
}

/** Nodes numbered within their tree, leaves apart. */
function nodeColumns({ roots, target, feature, value, left, right }: Forest) {
  const nodes = feature.length;
  const treeIds = new Int32Array(nodes);
  const nodeIds = new Int32Array(nodes);
  const features = new Int32Array(nodes);
  const thresholds = new Float32Array(nodes);
  const [truly, falsely] = [new Int32Array(nodes), new Int32Array(nodes)];
  const leafTrees: number[] = [];
  const leafNodes: number[] = [];
  const leafTargets: number[] = [];
  const leafValues: number[] = [];
  for (let tree = 0; tree + 1 < roots.length; tree++) {
    const root = roots[tree] ?? 0;
    for (let node = root; node < (roots[tree + 1] ?? 0); node++) {
      treeIds[node] = tree;
      nodeIds[node] = node - root;
      const asked = feature[node] ?? -1;
      if (asked === -1) {
        leafTrees.push(tree);
        leafNodes.push(node - root);
        leafTargets.push(target[tree] ?? 0);
        leafValues.push(value[node] ?? 0);
        continue;
      }
      features[node] = asked;
      thresholds[node] = value[node] ?? 0;
      truly[node] = (left[node] ?? 0) - root;
      falsely[node] = (right[node] ?? 0) - root;
    }
  }
  return {
    treeIds,
    nodeIds,
    features,
    thresholds,
    left: truly,
    right: falsely,
    leafTrees,
    leafNodes,
    leafTargets,
    leafValues,
  };
}
