import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { broughtManifestSchema, columnsFor, type ModelIo, wordsFrom } from "./model-io.js";
import { blendFeature, featureCount, featureNames } from "./pure/features.js";

const io: ModelIo = {
  inputs: [
    { name: "a", features: ["log_blend", "log_cpus"] },
    { name: "b", features: ["priority"] },
  ],
  missing: -7,
  outputs: [
    { name: "y", column: 0, quantile: 0.9, unit: "ms" },
    { name: "z", column: 0, quantile: 0.5, unit: "log_ms" },
  ],
};

describe("a brought model's manifest", () => {
  it("gives each input its features in its order, and a number for what is missing", () => {
    const matrix = new Float32Array(2 * featureCount).fill(Number.NaN);
    matrix[blendFeature] = 5;
    matrix[featureNames.indexOf("priority")] = 2;
    matrix[featureCount + featureNames.indexOf("log_cpus")] = 1;
    expect([...columnsFor(io, 0, matrix, 2)]).toEqual([5, -7, -7, 1]);
    expect([...columnsFor(io, 1, matrix, 2)]).toEqual([2, -7]);
  });

  it("says of outputs which quantile they are, and in which unit", () => {
    const matrix = new Float32Array(featureCount).fill(Number.NaN);
    matrix[blendFeature] = 5;
    const words = wordsFrom(io, matrix, 0, (output) => [Math.exp(8), 7][output] ?? 0);
    expect(words).toEqual({ logP50: 7, logP90: 8, residualP50: 2, residualP90: 3 });
    const [, p50] = io.outputs;
    const alone = { ...io, outputs: p50 === undefined ? [] : [p50] };
    expect(wordsFrom(alone, matrix, 0, () => 7).logP90).toBeNaN();
  });

  it("is refused by the field that is wrong", () => {
    const whole = { name: "mine", licence: "", ...io };
    expect(broughtManifestSchema.safeParse(whole).success).toBe(true);
    const wrong: Record<string, object> = {
      name: { name: "Mine!" },
      "inputs.0.features.0": { inputs: [{ name: "a", features: ["log_luck"] }] },
      inputs: { inputs: [] },
      outputs: { outputs: io.outputs.slice(0, 1) },
      "outputs.0.unit": { outputs: [{ ...io.outputs[0], unit: "s" }] },
      "": { pickle: "yes" },
    };
    for (const [path, change] of Object.entries(wrong)) {
      const parsed = broughtManifestSchema.safeParse({ ...whole, ...change });
      expect(parsed.error?.issues[0]?.path.join("."), path).toBe(path);
    }
  });

  it("may name every feature that the page lists, and the page lists them all", () => {
    const page = readFileSync(new URL("../docs/predictor.md", import.meta.url), "utf8");
    for (const name of featureNames) {
      expect(page).toContain(`\`${name.replace(/_\d$/, "_N")}\``);
    }
  });
});
