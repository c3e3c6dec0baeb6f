import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { type BoostSettings, boost, boostDefaults, type TrainingRows } from "./boost.js";
import { type Forest, joinForests, walk } from "./forest.js";

const settings: BoostSettings = { ...boostDefaults, trees: 60 };

describe("boosted quantile trees", () => {
  it("learn a step and a missing value's own level", () => {
    const data = drawn(2_000, 3, (row) => (Number.isNaN(row[1]) ? 5 : (row[0] ?? 0) > 0.5 ? 3 : 1));
    const [half] = boost(data, [0.5], { ...settings, trees: 120, learningRate: 0.3 });
    expect(predict(half, [0.9, 0.3, 0])).toBeCloseTo(3, 1);
    expect(predict(half, [0.1, 0.3, 0])).toBeCloseTo(1, 1);
    expect(predict(half, [0.1, Number.NaN, 0])).toBeCloseTo(5, 1);
  });

  it("put nine of ten labels under q90 and half of them under q50", () => {
    const random = seededRandom(5);
    const noisy = (row: Float32Array): number => (row[0] ?? 0) * (1 + 4 * random());
    const data = drawn(4_000, 3, noisy);
    const [half, most] = boost(data, [0.5, 0.9], settings);
    const test = drawn(4_000, 3, noisy, 11);
    expect(shareBelow(test, half)).toBeGreaterThan(0.45);
    expect(shareBelow(test, half)).toBeLessThan(0.55);
    expect(shareBelow(test, most)).toBeGreaterThan(0.87);
    expect(shareBelow(test, most)).toBeLessThan(0.93);
  });

  it("are the same for the same rows and seed, others for another seed", () => {
    const data = drawn(500, 4, (row) => (row[0] ?? 0) * (row[2] ?? 0));
    const twice = [1, 2].map(() => boost(data, [0.5], settings));
    expect(twice[0]).toEqual(twice[1]);
    expect(boost(data, [0.5], { ...settings, seed: 2 })).not.toEqual(twice[0]);
  });

  it("have a value for one row, for rows alike, and for what was never seen", () => {
    const one: TrainingRows = {
      rows: 1,
      features: 2,
      matrix: Float32Array.of(Number.NaN, 1),
      labels: Float32Array.of(7),
    };
    expect(predict(boost(one, [0.5], settings)[0], [1, Number.NaN])).toBeCloseTo(7, 5);
    const alike = drawn(100, 2, () => 4);
    expect(predict(boost(alike, [0.9], settings)[0], [1e30, -1e30])).toBeCloseTo(4, 5);
    expect(() => boost({ ...one, rows: 0 }, [0.5], settings)).toThrow("no rows");
  });

  it("send values above all that was seen with the highest, not with the missing", () => {
    const data = drawn(1_000, 1, (row) => (Number.isNaN(row[0]) ? 9 : 2));
    for (let row = 0; row < 1_000; row += 2) {
      data.matrix[row] = Number.NaN;
      data.labels[row] = 9;
    }
    const [half] = boost(data, [0.5], { ...settings, learningRate: 0.3 });
    expect(predict(half, [1e20])).toBeCloseTo(2, 2);
    expect(predict(half, [Number.NaN])).toBeCloseTo(9, 2);
  });

  it("give joined what they gave apart", () => {
    const data = drawn(800, 3, (row) => (row[0] ?? 0) - (row[1] ?? 0));
    const forests = boost(data, [0.5, 0.9], settings);
    const joined = joinForests(forests);
    for (let row = 0; row < 50; row++) {
      const features = data.matrix.subarray(row * 3, row * 3 + 3);
      const both = new Float32Array(2);
      walk(joined, features, both);
      expect([...both]).toEqual(forests.map((forest) => predict(forest, features)));
    }
  });
});

function drawn(
  rows: number,
  features: number,
  label: (row: Float32Array) => number,
  seed = 3,
): TrainingRows {
  const random = seededRandom(seed);
  const matrix = Float32Array.from({ length: rows * features }, (_, at) =>
    at % features === 1 && random() < 0.2 ? Number.NaN : random(),
  );
  const labels = Float32Array.from({ length: rows }, (_, row) =>
    label(matrix.subarray(row * features, (row + 1) * features)),
  );
  return { rows, features, matrix, labels };
}

function predict(forest: Forest | undefined, row: ArrayLike<number>): number {
  if (forest === undefined) throw new Error("no forest");
  const into = new Float32Array(1);
  walk(forest, Float32Array.from(row), into);
  return into[0] ?? Number.NaN;
}

function shareBelow({ rows, features, matrix, labels }: TrainingRows, forest?: Forest): number {
  let below = 0;
  for (let row = 0; row < rows; row++) {
    const predicted = predict(forest, matrix.subarray(row * features, (row + 1) * features));
    if ((labels[row] ?? 0) <= predicted) below++;
  }
  return below / rows;
}
