import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../../core/random.js";
import { loadEngines } from "./engines.js";
import { faultOf, type LinearModel, LinearModelBuilder } from "./linear-model.js";

const limits = { wallMs: 5_000, nodesMax: 100_000 };

/** Covering and packing rows over columns within [lower, upper], some of them whole. */
function randomModel(seed: number, wholeShare: number): LinearModel {
  const random = seededRandom(seed);
  const builder = new LinearModelBuilder();
  const columns = 2 + randomInteger(random, 7);
  for (let column = 0; column < columns; column += 1) {
    const lower = randomInteger(random, 3) - 1;
    const upper = lower + 1 + randomInteger(random, 6);
    builder.addColumn(randomInteger(random, 11) - 4, lower, upper, random() < wholeShare);
  }
  for (let row = 1 + randomInteger(random, 5); row > 0; row -= 1) {
    const terms = Array.from({ length: columns }, (_, column) => column)
      .filter(() => random() < 0.6)
      .map((column) => [column, 1 + randomInteger(random, 5)] as const);
    if (terms.length === 0) continue;
    const middle = randomInteger(random, 12);
    const kind = randomInteger(random, 3);
    builder.addRow(
      kind === 0 ? Number.NEGATIVE_INFINITY : middle - 4,
      kind === 1 ? Number.POSITIVE_INFINITY : middle + 6,
      terms,
    );
  }
  return builder.build();
}

describe("engines for linear models", () => {
  it("are all there: HiGHS, GLPK and javascript-lp-solver", async () => {
    const { all } = await loadEngines();
    expect(all.map(({ name }) => name)).toEqual(["highs", "glpk", "javascript-lp-solver"]);
  });

  it.each([
    ["linear", 0],
    ["mixed-integer", 0.5],
    ["integer", 1],
  ])("agree on %s models, or have no answer", async (_, wholeShare) => {
    const { all } = await loadEngines();
    let solved = 0;
    let refused = 0;
    for (let seed = 0; seed < 50; seed += 1) {
      const model = randomModel(seed, wholeShare);
      const [highs, ...others] = all.map((engine) => engine.solve(model, limits));
      if (highs === undefined || highs.status === "unknown") continue;
      for (const other of others) {
        if (other.status === "unknown") {
          refused += 1;
          continue;
        }
        solved += 1;
        expect(other.status, `seed ${seed}`).toBe(highs.status);
        if (highs.status === "optimal") expect(other.value).toBeCloseTo(highs.value, 5);
      }
    }
    expect(solved).toBeGreaterThan(60);
    expect(refused).toBeLessThan(25);
  });

  it("give bounds that no solution is below", async () => {
    const { all } = await loadEngines();
    for (let seed = 200; seed < 220; seed += 1) {
      const model = randomModel(seed, 0.5);
      for (const engine of all) {
        const { bound, value } = engine.solve(model, limits);
        expect(bound, `${engine.name}, seed ${seed}`).toBeLessThanOrEqual(value + 1e-6);
      }
    }
  });
});

describe("the check of solutions", () => {
  const builder = new LinearModelBuilder();
  builder.addColumn(1, 0, 4, true);
  builder.addColumn(1, 0, 4);
  builder.addRow(3, 5, [
    [0, 1],
    [1, 2],
  ]);
  const model = builder.build();

  it.each([
    [[1, 1], null],
    [[0.5, 2], "column 0 is not whole"],
    [[1, -1], "column 1 is too low"],
    [[5, 0], "column 0 is too high"],
    [[0, 1], "row 0 is too low"],
    [[4, 2], "row 0 is too high"],
    [[Number.NaN, 1], "column 0 is no number"],
    [[1], "has 1 columns"],
  ])("of %j says %j", (solution, fault) => {
    expect(faultOf(model, Float64Array.from(solution))).toBe(fault);
  });
});
