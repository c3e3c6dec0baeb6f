import { describe, expect, it } from "vitest";
import { seededRandom } from "../core/random.js";
import { ModelFailure } from "./manifest.js";
import { importRuntime, openOwn, type Runtime } from "./own-model.js";
import { parityOf } from "./parity.js";
import { boost, boostDefaults } from "./pure/boost.js";
import { featureCount } from "./pure/features.js";
import { joinForests } from "./pure/forest.js";
import { onnxOf } from "./pure/onnx.js";
import { forestOf } from "./pure/onnx-forest.js";
import { openModel } from "./session.js";
import { onnxSketch } from "./testing/onnx-bytes.js";

const absent = (): Promise<Runtime> => Promise.reject(new Error("no binary for this platform"));

describe("a model of our own where there is no onnxruntime", () => {
  it("is walked, and says what the runtime says, bit for bit", async () => {
    const { forest, matrix, rows } = trained;
    const model = onnxOf(forest, { schema: "a test" });
    const [walked, computed] = [await openOwn(model, absent), await openOwn(model)];
    expect(walked.walkedBecause).toBe("no binary for this platform");
    expect(computed.walkedBecause).toBeNull();
    const outputs = await walked.outputs(matrix, rows);
    expect(outputs).toEqual(await computed.outputs(matrix, rows));
    expect(new Set(outputs).size).toBeGreaterThan(rows);
    await computed.release();
    expect(await parityOf(forest, model, matrix, rows, absent)).toBe(0);
  });

  it("is walked where it gets no session", async () => {
    const model = onnxOf(trained.forest, {});
    const runtime = await importRuntime();
    const create = (): Promise<never> => Promise.reject(new Error("out of memory"));
    const full = { ...runtime, InferenceSession: { create } };
    const own = await openOwn(model, () => Promise.resolve(full));
    expect(own.walkedBecause).toBe("the model cannot be loaded: out of memory");
  });

  it("serves the same words", async () => {
    const { forest, matrix, rows } = trained;
    const model = onnxOf(forest, {});
    const [walked, computed] = [
      await openModel(model, null, absent),
      await openModel(model, null),
    ] as const;
    expect(await walked.words(matrix, rows)).toEqual(await computed.words(matrix, rows));
    await computed.release();
  });

  it("has its trees back, each number of them", () => {
    const { forest } = trained;
    const { roots, target, feature, value } = forestOf(onnxOf(forest, {}));
    expect({ roots, target, feature, value }).toEqual({
      roots: forest.roots,
      target: forest.target,
      feature: forest.feature,
      value: forest.value,
    });
  });

  it("is refused where its bytes are cut off or are another model's", async () => {
    const model = onnxOf(trained.forest, {});
    for (const length of [0, 1, 30, model.length >> 2, model.length >> 1, model.length - 1]) {
      await expect(openOwn(model.subarray(0, length), absent)).rejects.toThrow(ModelFailure);
    }
    const other = onnxSketch({
      inputs: [["features", featureCount]],
      outputs: ["outputs"],
      nodes: [{ operator: "Identity", inputs: ["features"], outputs: ["outputs"] }],
    });
    await expect(openOwn(other, absent)).rejects.toThrow(
      "no binary for this platform; not a model of ours: its operator is .Identity",
    );
  });

  it("is refused where its trees lead astray, whichever byte is wrong", async () => {
    const { forest, matrix } = trained;
    const wrong = (change: object): Uint8Array => onnxOf({ ...forest, ...change }, {});
    const loop = forest.left.map((to, node) => (node === 0 ? 0 : to));
    await expect(openOwn(wrong({ left: loop }), absent)).rejects.toThrow("node 0 leads astray");
    const asked = forest.feature.map((of) => (of === -1 ? of : featureCount));
    await expect(openOwn(wrong({ feature: asked }), absent)).rejects.toThrow(/asks for feature/);
    await expect(openOwn(wrong({ targets: 3 }), absent)).rejects.toThrow("its targets differ");
    const model = onnxOf(forest, {});
    const some = matrix.subarray(0, 20 * featureCount);
    const random = seededRandom(4);
    for (let draw = 0; draw < 60; draw++) {
      const noisy = model.slice();
      noisy[Math.floor(random() * model.length)] = Math.floor(256 * random());
      // What can be read ends, whatever it says; what cannot is a failure of the model.
      await openOwn(noisy, absent)
        .then((own) => own.outputs(some, 20))
        .then(
          ({ length }) => expect(length).toBe(80),
          (error: unknown) => expect(error).toBeInstanceOf(ModelFailure),
        );
    }
  });
});

const trained = (() => {
  const random = seededRandom(9);
  const [rows, features] = [300, featureCount];
  const matrix = Float32Array.from({ length: rows * features }, () =>
    random() < 0.1 ? Number.NaN : 20 * random() - 10,
  );
  const labels = Float32Array.from({ length: rows }, (_, row) => {
    const [a = 0, b = 0] = matrix.subarray(row * features, row * features + 2);
    return (Number.isNaN(a) ? 3 : a) + (b > 0 ? 2 : -2) + random();
  });
  const data = { rows, features, matrix, labels };
  const settings = { ...boostDefaults, trees: 40 };
  const forests = [...boost(data, [0.5, 0.9], settings), ...boost(data, [0.4, 0.8], settings)];
  return { forest: joinForests(forests), matrix, rows };
})();
