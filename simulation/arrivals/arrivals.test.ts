import { describe, expect, it } from "vitest";
import { solverRegistry } from "../../planner/solvers/registry.js";
import { type Arrived, arrive } from "./arrivals.js";
import { tally } from "./tally.js";

const solvers = [await solverRegistry["multi-start"].load()];

/** Few, and with few roll-outs; `simulate finishes` is what measures. */
const few = (seed: number, jobs: number): Promise<readonly Arrived[]> =>
  arrive({ seed, jobs, load: 0.6, solvers, rollOutsMax: 20 });

describe("workflows that arrive at a cluster which knows nothing", () => {
  it("are mostly done by their p90, and in about half of the cases by their p50", async () => {
    const arrived = [...(await few(1, 45)), ...(await few(2, 45))];
    expect(arrived.every(({ state }) => state === "succeeded")).toBe(true);
    const { jobs, given, rolled, stretched } = tally(arrived);
    expect(jobs).toBeGreaterThan(80);
    expect(given.byP90).toBeGreaterThan(0.82);
    expect(given.byP90).toBeLessThan(0.98);
    expect(given.byP50).toBeGreaterThan(0.35);
    expect(given.byP50).toBeLessThan(0.65);
    // Roll-outs by themselves know nothing of what comes later. All at their p90 is wider than they
    // are, where tasks follow one another, and yet covers too few.
    expect(rolled.byP90).toBeLessThan(given.byP90);
    expect(stretched.byP90).toBeLessThan(0.9);
    expect(stretched.width).toBeGreaterThan(rolled.width);
  }, 120_000);

  it("arrive and end in the same way for the same seed", async () => {
    const [first, second] = [await few(3, 20), await few(3, 20)];
    expect(second).toEqual(first);
  }, 60_000);
});
