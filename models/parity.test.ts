import { describe, expect, it } from "vitest";
import { seededRandom } from "../core/random.js";
import { parityOf } from "./parity.js";
import { boost, boostDefaults } from "./pure/boost.js";
import { joinForests } from "./pure/forest.js";
import { onnxOf } from "./pure/onnx.js";

describe("an exported model", () => {
  it("gives in onnxruntime what the walker gives, with missing values as well", async () => {
    const { forest, matrix, rows } = trained();
    const model = onnxOf(forest, { schema: "a test" });
    expect(await parityOf(forest, model, matrix, rows)).toBe(0);
    // One row at a time takes another way through the runtime.
    for (let row = 0; row < 20; row++) {
      const features = matrix.subarray(row * forest.features, (row + 1) * forest.features);
      expect(await parityOf(forest, model, features, 1)).toBe(0);
    }
  });

  it("is told apart from another model", async () => {
    const { forest, matrix, rows } = trained();
    const other = {
      ...forest,
      value: forest.value.map((value, node) => (node === 3 ? value + 1 : value)),
    };
    expect(await parityOf(other, onnxOf(forest, {}), matrix, rows)).toBeGreaterThan(1e-3);
  });

  it("has the same bytes for the same rows and seed", () => {
    expect(onnxOf(trained().forest, {})).toEqual(onnxOf(trained().forest, {}));
  });
});

function trained() {
  const random = seededRandom(9);
  const [rows, features] = [600, 7];
  const matrix = Float32Array.from({ length: rows * features }, () =>
    random() < 0.1 ? Number.NaN : 20 * random() - 10,
  );
  const labels = Float32Array.from({ length: rows }, (_, row) => {
    const [a = 0, b = 0] = matrix.subarray(row * features, row * features + 2);
    return (Number.isNaN(a) ? 3 : a) + (b > 0 ? 2 : -2) + random();
  });
  const data = { rows, features, matrix, labels };
  const forests = boost(data, [0.5, 0.9], { ...boostDefaults, trees: 200 });
  return { forest: joinForests(forests), matrix, rows };
}
