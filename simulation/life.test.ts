import { describe, expect, it } from "vitest";
import { solverRegistry } from "../planner/solvers/registry.js";
import { type LifeResult, live } from "./life.js";

const solvers = [await solverRegistry["multi-start"].load()];

const life = (seed: number): Promise<LifeResult> => live({ seed, tasks: 50, faults: 10, solvers });

describe("a cluster in which things go wrong", () => {
  it.each(Array.from({ length: 100 }, (_, index) => index + 1))(
    "keeps its promises in the life of seed %i",
    async (seed) => {
      const { violations, tasks } = await life(seed);
      expect(violations).toEqual([]);
      expect(tasks).toBeGreaterThanOrEqual(50);
    },
  );

  it("lives the same life again from the same seed", async () => {
    for (const seed of [101, 102, 103]) {
      const [first, second] = [await life(seed), await life(seed)];
      expect(second.traceHash).toBe(first.traceHash);
      expect(second.events).toBe(first.events);
      expect(first.archived).toBeGreaterThan(0);
    }
  });

  it("lives another life from another seed", async () => {
    expect((await life(104)).traceHash).not.toBe((await life(105)).traceHash);
  });
});
