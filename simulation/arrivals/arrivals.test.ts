import { describe, expect, it } from "vitest";
import { solverRegistry } from "../../planner/solvers/registry.js";
import { type Arrived, arrive } from "./arrivals.js";
import { tally } from "./tally.js";

const solvers = [await solverRegistry["multi-start"].load()];

/** Shorter than what `simulate finishes` measures, and with fewer roll-outs. */
const few = (seed: number, jobs: number): Promise<readonly Arrived[]> =>
  arrive({ seed, jobs, solvers, rollOutsMax: 40 });

describe("workflows that arrive at a cluster which knows nothing", () => {
  it("are done by their p90 in 85 to 95 of 100 cases, by their p50 in about half", async () => {
    const arrived = [...(await few(1, 150)), ...(await few(2, 150))];
    expect(arrived.every(({ state }) => state === "succeeded")).toBe(true);
    const { jobs, given, rolled, stretched } = tally(arrived);
    expect(jobs).toBeGreaterThan(290);
    expect(given.byP90).toBeGreaterThan(0.85);
    expect(given.byP90).toBeLessThan(0.96);
    expect(given.byP50).toBeGreaterThan(0.4);
    expect(given.byP50).toBeLessThan(0.65);
    // Roll-outs by themselves know nothing of what comes later; p90s laid end to end are too wide
    // where tasks follow one another, and too narrow all the same.
    expect(rolled.byP90).toBeLessThan(given.byP90);
    expect(stretched.byP90).toBeLessThan(0.9);
    expect(stretched.width).toBeGreaterThan(rolled.width);
  }, 120_000);

  it("arrive and end in the same way for the same seed", async () => {
    const [first, second] = [await few(3, 20), await few(3, 20)];
    expect(second).toEqual(first);
  }, 60_000);
});
