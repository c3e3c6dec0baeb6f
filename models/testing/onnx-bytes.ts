/** ONNX models of a few nodes, honest and hostile, written field by field (onnx.proto). */
import { type ProtobufWriter, protobuf } from "../pure/protobuf.js";

export interface Sketch {
  readonly inputs: readonly (readonly [name: string, width: number])[];
  readonly outputs: readonly string[];
  readonly nodes: readonly SketchNode[];
  readonly constants?: readonly Constant[];
  readonly operators?: number;
}

export interface SketchNode {
  readonly operator: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: (node: ProtobufWriter) => void;
}

export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly floats?: readonly number[];
  readonly integers?: readonly number[];
  /** The file that its data is said to lie in. */
  readonly location?: string;
}

const float = 1;
const int64 = 7;

export function onnxSketch(sketch: Sketch): Uint8Array {
  return protobuf((model) => {
    model.integer(1, 8);
    for (const [domain, version] of [
      ["", sketch.operators ?? 17],
      ["ai.onnx.ml", 3],
    ] as const) {
      model.message(8, (set) => {
        set.text(1, domain);
        set.integer(2, version);
      });
    }
    model.message(7, (graph) => writeGraph(graph, sketch));
  });
}

export function writeGraph(graph: ProtobufWriter, sketch: Sketch): void {
  for (const { operator, domain = "", inputs, outputs, attributes } of sketch.nodes) {
    graph.message(1, (node) => {
      for (const name of inputs) node.text(1, name);
      for (const name of outputs) node.text(2, name);
      node.text(4, operator);
      node.text(7, domain);
      attributes?.(node);
    });
  }
  graph.text(2, "sketch");
  for (const constant of sketch.constants ?? []) {
    graph.message(5, (tensor) => writeTensor(tensor, constant));
  }
  for (const [name, width] of sketch.inputs) {
    graph.message(11, (value) => writeValue(value, name, width));
  }
  for (const name of sketch.outputs) graph.message(12, (value) => writeValue(value, name, null));
}

export function writeTensor(
  tensor: ProtobufWriter,
  { name, shape, floats, integers, location }: Constant,
): void {
  tensor.integers(1, shape);
  tensor.integer(2, integers === undefined ? float : int64);
  if (floats !== undefined) tensor.floats(4, floats);
  if (integers !== undefined) tensor.integers(7, integers);
  tensor.text(8, name);
  if (location === undefined) return;
  tensor.message(13, (entry) => {
    entry.text(1, "location");
    entry.text(2, location);
  });
  tensor.integer(14, 1);
}

/** `width` null: of any shape. */
function writeValue(value: ProtobufWriter, name: string, width: number | null): void {
  value.text(1, name);
  value.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, float);
      if (width === null) return;
      tensor.message(2, (shape) => {
        shape.message(1, (rows) => rows.text(2, "rows"));
        shape.message(1, (columns) => columns.integer(1, width));
      });
    }),
  );
}
