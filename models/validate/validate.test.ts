import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundles, bundle } from "../../test/support/bundle.js";
import type { ModelIo } from "../model-io.js";
import { onnxSketch, type Sketch, writeGraph } from "../testing/onnx-bytes.js";
import { validateModel } from "./validate.js";

let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundle("models/validate/main.ts");
});
afterAll(() => bundles.remove());

const io: ModelIo = {
  inputs: [{ name: "x", features: ["log_cpus", "log_said"] }],
  missing: 0,
  outputs: [{ name: "y", column: 0, quantile: 0.5, unit: "log_ms" }],
};

/** y = x · (0.5, 0.5) + 1. */
const linear: Sketch = {
  inputs: [["x", 2]],
  outputs: ["y"],
  constants: [
    { name: "w", shape: [2, 1], floats: [0.5, 0.5] },
    { name: "b", shape: [1], floats: [1] },
  ],
  nodes: [{ operator: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"] }],
};

const tryIt = (
  model: Uint8Array,
  options: { io?: ModelIo; timeoutMs?: number; memoryMiBMax?: number } = {},
) => {
  const { io: mapping = io, ...limits } = options;
  return validateModel(
    { model, io: mapping },
    { entry: bundles.entry("models/validate/main.ts"), ...limits },
  );
};

const refusalOf = async (
  model: Uint8Array,
  options?: Parameters<typeof tryIt>[1],
): Promise<string> => {
  const result = await tryIt(model, options);
  if (result.ok) return "accepted";
  expect(result.error.code).toBe("invalid_argument");
  expect(result.error.violations[0]?.field).toBe("model");
  return result.error.message;
};

describe("a brought model on trial", () => {
  it("is accepted where it computes, and its time is told", async () => {
    const result = await tryIt(onnxSketch(linear));
    expect(result).toMatchObject({ ok: true, value: { rows: 1_000 } });
    expect(result.ok && result.value.wallMs).toBeLessThan(500);
  });

  it("is refused where its bytes are no model: random, cut off, empty fields", async () => {
    expect(await refusalOf(new Uint8Array(randomBytes(5_000)))).toMatch(/refused/);
    const whole = onnxSketch(linear);
    for (const share of [0.2, 0.5, 0.9, 0.99]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect(await refusalOf(cut), `${share}`).toMatch(/refused/);
    }
    expect(await refusalOf(Uint8Array.of(0))).toMatch(/malformed/);
  });

  it("is refused where its graph bites its own tail", async () => {
    const cyclic: Sketch = {
      ...linear,
      nodes: [
        { operator: "Add", inputs: ["x", "b2"], outputs: ["a"] },
        { operator: "Add", inputs: ["a", "x"], outputs: ["b2"] },
        { operator: "Gemm", inputs: ["b2", "w", "b"], outputs: ["y"] },
      ],
    };
    expect(await refusalOf(onnxSketch(cyclic))).toMatch(/cannot be loaded/);
  });

  it("is refused where a tree of it never comes to a leaf", async () => {
    const endless: Sketch = {
      inputs: [["x", 2]],
      outputs: ["y"],
      nodes: [
        {
          operator: "TreeEnsembleRegressor",
          domain: "ai.onnx.ml",
          inputs: ["x"],
          outputs: ["y"],
          attributes(node) {
            const attribute = (name: string, type: number, field: number, values: number[]): void =>
              node.message(5, (value) => {
                value.text(1, name);
                if (type === 2) value.integer(field, values[0] ?? 0);
                else if (type === 6) value.floats(field, values);
                else value.integers(field, values);
                value.integer(20, type);
              });
            attribute("n_targets", 2, 3, [1]);
            attribute("nodes_treeids", 7, 8, [0, 0, 0]);
            attribute("nodes_nodeids", 7, 8, [0, 1, 2]);
            attribute("nodes_featureids", 7, 8, [0, 0, 0]);
            attribute("nodes_values", 6, 7, [0, 0, 0]);
            // The first leads to the second, and that back to the first.
            attribute("nodes_truenodeids", 7, 8, [1, 0, 0]);
            attribute("nodes_falsenodeids", 7, 8, [1, 0, 0]);
            node.message(5, (value) => {
              value.text(1, "nodes_modes");
              for (const mode of ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"]) value.text(9, mode);
              value.integer(20, 8);
            });
            attribute("target_treeids", 7, 8, [0]);
            attribute("target_nodeids", 7, 8, [2]);
            attribute("target_ids", 7, 8, [0]);
            attribute("target_weights", 6, 7, [1]);
          },
        },
      ],
    };
    expect(await refusalOf(onnxSketch(endless), { timeoutMs: 5_000 })).toMatch(
      /cannot be loaded|fails|longer than/,
    );
  });

  it("is refused where it wants other inputs, or has other outputs, than are named", async () => {
    const wide: Sketch = { ...linear, inputs: [["x", 3]] };
    expect(await refusalOf(onnxSketch(wide))).toMatch(/fails|cannot be loaded/);
    const other: ModelIo = { ...io, inputs: [{ name: "z", features: ["log_cpus", "log_said"] }] };
    expect(await refusalOf(onnxSketch(linear), { io: other })).toMatch(/fails/);
    const [output] = io.outputs;
    if (output === undefined) throw new Error("there is one");
    const missing: ModelIo = { ...io, outputs: [{ ...output, name: "nothing" }] };
    expect(await refusalOf(onnxSketch(linear), { io: missing })).toMatch(/is not there/);
    const far: ModelIo = { ...io, outputs: [{ ...output, column: 7 }] };
    expect(await refusalOf(onnxSketch(linear), { io: far })).toMatch(/1000 rows|100 rows|10 rows/);
  });

  it("is refused where it says NaN, or what no task can take", async () => {
    const rooted: Sketch = {
      ...linear,
      nodes: [
        { operator: "Gemm", inputs: ["x", "w", "b"], outputs: ["sum"] },
        { operator: "Log", inputs: ["sum"], outputs: ["y"] },
      ],
    };
    expect(await refusalOf(onnxSketch(rooted))).toMatch(/says (NaN|-Infinity) of row/);
    const noMissing: ModelIo = { inputs: io.inputs, outputs: io.outputs };
    expect(await refusalOf(onnxSketch(linear), { io: noMissing })).toMatch(/says NaN of row 2/);
    const huge: Sketch = {
      ...linear,
      constants: [
        { name: "w", shape: [2, 1], floats: [500, 500] },
        { name: "b", shape: [1], floats: [1] },
      ],
    };
    expect(await refusalOf(onnxSketch(huge))).toMatch(/of an ordinary row is/);
  });

  it("may not loop, branch, make shapes from data, or read files", async () => {
    const secret = mkdtempSync(join(tmpdir(), "almanac-secret-"));
    writeFileSync(join(secret, "weights"), Buffer.alloc(8));
    const external: Sketch = {
      ...linear,
      constants: [
        { name: "w", shape: [2, 1], location: join(secret, "weights") },
        { name: "b", shape: [1], floats: [1] },
      ],
    };
    expect(await refusalOf(onnxSketch(external))).toMatch(/other files/);
    rmSync(secret, { recursive: true });
    expect(await refusalOf(endlessLoop())).toMatch(/operator Loop is not allowed/);
    const hungry: Sketch = {
      ...linear,
      constants: [{ name: "shape", shape: [2], integers: [1_000_000, 1_000_000] }],
      nodes: [{ operator: "ConstantOfShape", inputs: ["shape"], outputs: ["y"] }],
    };
    expect(await refusalOf(onnxSketch(hungry))).toMatch(/ConstantOfShape is not allowed/);
    const hidden: Sketch = {
      ...linear,
      nodes: [
        {
          operator: "Identity",
          inputs: ["x"],
          outputs: ["y"],
          attributes: (node) =>
            node.message(5, (value) => {
              value.text(1, "body");
              value.message(6, (graph) => writeGraph(graph, linear));
              value.integer(20, 5);
            }),
        },
      ],
    };
    expect(await refusalOf(onnxSketch(hidden))).toMatch(/graphs within operators/);
    const foreign: Sketch = {
      ...linear,
      nodes: [{ operator: "Evil", domain: "com.evil", inputs: ["x"], outputs: ["y"] }],
    };
    expect(await refusalOf(onnxSketch(foreign))).toMatch(/com.evil.Evil is not allowed/);
  });

  it("loses its process alone where it takes too much memory or time", async () => {
    // A row becomes forty million numbers: 100 rows of them are 16 GB.
    const width = 1_000_000;
    const wide: Sketch = {
      inputs: [["x", 2]],
      outputs: ["y"],
      constants: [
        { name: "w", shape: [2, 1], floats: [1, 1] },
        { name: "row", shape: [1, width], floats: new Array<number>(width).fill(1) },
      ],
      nodes: [
        { operator: "MatMul", inputs: ["x", "w"], outputs: ["sum"] },
        { operator: "MatMul", inputs: ["sum", "row"], outputs: ["a"] },
        ...["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].map((name, at) => ({
          operator: "Concat",
          inputs: new Array<string>(2).fill("abcdefghijk"[at] ?? ""),
          outputs: [name],
          attributes: axisOne,
        })),
        { operator: "ReduceMax", inputs: ["k"], outputs: ["y"] },
      ],
    };
    expect(await refusalOf(onnxSketch(wide), { timeoutMs: 20_000 })).toMatch(
      /took more than|fails|longer than|ended its process|cannot be loaded/,
    );
    expect(await refusalOf(onnxSketch(linear), { timeoutMs: 5 })).toMatch(/longer than 5 ms/);
    expect(await tryIt(onnxSketch(linear))).toMatchObject({ ok: true });
  });

  it("is not accepted where there is nothing to try it in", async () => {
    const result = await validateModel({ model: onnxSketch(linear), io }, { entry: "/nowhere.js" });
    expect(result.ok).toBe(false);
  });
});

const axisOne: NonNullable<Sketch["nodes"][number]["attributes"]> = (node) =>
  node.message(5, (value) => {
    value.text(1, "axis");
    value.integer(3, 1);
    value.integer(20, 2);
  });

/** Goes round for 2^52 times. */
function endlessLoop(): Uint8Array {
  const body: Sketch = {
    inputs: [],
    outputs: ["go_on"],
    nodes: [{ operator: "Identity", inputs: ["condition"], outputs: ["go_on"] }],
  };
  return onnxSketch({
    ...linear,
    constants: [{ name: "count", shape: [], integers: [2 ** 52] }],
    nodes: [
      {
        operator: "Loop",
        inputs: ["count", ""],
        outputs: ["y"],
        attributes: (node) =>
          node.message(5, (value) => {
            value.text(1, "body");
            value.message(6, (graph) => writeGraph(graph, body));
            value.integer(20, 5);
          }),
      },
    ],
  });
}
