/**
 * Looks into an ONNX model before any runtime does (onnx/onnx, onnx.proto; field numbers are from
 * there). Allowed is what computes: every shape then follows from the model and the count of rows,
 * and nothing loops. So what a model takes on the rows that it is tried with is what it takes on all,
 * and one that came to its end once always does.
 */
import { asciiOf, type Field, fieldsOf } from "./protobuf-reader.js";

/** Operators by domain; "" is ONNX's own. No loops, no branches, no shape that follows from data. */
const allowed: Readonly<Record<string, ReadonlySet<string>>> = {
  "": new Set(
    (
      "Abs Add And BatchNormalization Cast Ceil Clip Concat Constant Div Dropout Elu Equal Erf Exp " +
      "Flatten Floor Gather Gelu Gemm Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf " +
      "IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max Mean Min Mod " +
      "Mul Neg Not Or PRelu Pow ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare " +
      "Reciprocal Relu Round Selu Shape Sigmoid Sign Slice Softmax Softplus Softsign Split Sqrt " +
      "Squeeze Sub Sum Tanh Transpose Unsqueeze Where Xor"
    ).split(" "),
  ),
  "ai.onnx.ml": new Set(
    (
      "ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LinearRegressor Normalizer " +
      "SVMRegressor Scaler TreeEnsemble TreeEnsembleRegressor"
    ).split(" "),
  ),
};
/** `Reshape` may look at data for its shape: only to one that is written in the model. */
const reshape = "Reshape";
const nodesMax = 10_000;
const operatorSetMax = 24;
const irVersionMax = 12;

/** What is wrong with the model, in words; null: it may be tried. Throws where it cannot be read. */
export function objectionTo(model: Uint8Array): string | null {
  const fields = fieldsOf(model);
  const graphs = fields.filter(({ number }) => number === 7);
  const [graph] = graphs;
  if (graph === undefined || graphs.length > 1) return "a model has one graph";
  const irVersion = fields.find(({ number }) => number === 1)?.integer ?? 0;
  if (irVersion < 3 || irVersion > irVersionMax) {
    return `IR version ${irVersion}: 3 to ${irVersionMax} are known`;
  }
  if (fields.some(({ number }) => number === 25)) return "functions are not allowed";
  for (const { bytes } of fields.filter(({ number }) => number === 8)) {
    const objection = objectionToOperators(fieldsOf(bytes));
    if (objection !== null) return objection;
  }
  return objectionToGraph(fieldsOf(graph.bytes));
}

function objectionToOperators(set: readonly Field[]): string | null {
  const domain = normal(textOf(set, 1));
  const version = set.find(({ number }) => number === 2)?.integer ?? 0;
  if (allowed[domain] === undefined) return `operators of the domain ${domain} are not allowed`;
  if (version > operatorSetMax)
    return `operator set ${version}: at most ${operatorSetMax} is known`;
  return null;
}

function objectionToGraph(graph: readonly Field[]): string | null {
  const nodes = graph.filter(({ number }) => number === 1);
  if (nodes.length > nodesMax) return `${nodes.length} nodes: at most ${nodesMax}`;
  const constants = new Set<string>();
  for (const { number, bytes } of graph) {
    if (number === 15) return "sparse tensors are not allowed";
    if (number !== 5) continue;
    const tensor = fieldsOf(bytes);
    if (isExternal(tensor)) return "tensors in other files are not allowed";
    constants.add(textOf(tensor, 8));
  }
  // An input of the same name would make a constant a thing that callers may set.
  for (const { number, bytes } of graph) {
    if (number === 11) constants.delete(textOf(fieldsOf(bytes), 1));
  }
  for (const { bytes } of nodes) {
    const objection = objectionToNode(fieldsOf(bytes), constants);
    if (objection !== null) return objection;
  }
  return null;
}

function objectionToNode(node: readonly Field[], constants: Set<string>): string | null {
  const operator = textOf(node, 4);
  const domain = normal(textOf(node, 7));
  if (operator === reshape && domain === "") {
    const shape = node.filter(({ number }) => number === 1)[1];
    if (shape === undefined || !constants.has(asciiOf(shape.bytes))) {
      return "Reshape to a shape that is computed is not allowed";
    }
  } else if (allowed[domain]?.has(operator) !== true) {
    return `the operator ${domain === "" ? "" : `${domain}.`}${operator} is not allowed`;
  }
  for (const { number, bytes } of node) {
    if (number !== 5) continue;
    const attribute = fieldsOf(bytes);
    if (attribute.some((field) => field.number === 6 || field.number === 11)) {
      return "graphs within operators are not allowed";
    }
    const tensors = attribute.filter((field) => field.number === 5 || field.number === 10);
    if (tensors.some((tensor) => isExternal(fieldsOf(tensor.bytes)))) {
      return "tensors in other files are not allowed";
    }
  }
  if (operator === "Constant") {
    for (const output of node) if (output.number === 2) constants.add(asciiOf(output.bytes));
  }
  return null;
}

const isExternal = (tensor: readonly Field[]): boolean =>
  tensor.some(({ number, integer }) => number === 13 || (number === 14 && integer !== 0));

const textOf = (message: readonly Field[], number: number): string =>
  asciiOf(message.findLast((field) => field.number === number)?.bytes ?? new Uint8Array(0));

/** ONNX's own domain has two names. */
const normal = (domain: string): string => (domain === "ai.onnx" ? "" : domain);
