import { describe, expect, it } from "vitest";
import { balanceLanes, createShares, epochWork, noteEpoch, sharesOf } from "./shares.js";
import { type SolverEntry, type SolverName, solverRegistry } from "./solvers/registry.js";

const like = (name: SolverName, role: SolverEntry["role"]): SolverEntry => ({
  ...solverRegistry[name],
  role,
});
const search = like("multi-start", "search");
const proof = like("exact-highs", "proof");
const names = (...entries: SolverEntry[]) => new Set(entries.map(({ name }) => name));

const total = (split: ReadonlyMap<string, number>): number =>
  [...split.values()].reduce((sum, share) => sum + share, 0);

describe("the work of an epoch", () => {
  it("is split whole, whoever is left", () => {
    const shares = createShares([search, proof]);
    expect(total(sharesOf(shares, names(search, proof)))).toBeCloseTo(1);
    expect(sharesOf(shares, names(search)).get(search.name)).toBeCloseTo(1);
    expect(sharesOf(shares, names(proof)).get(proof.name)).toBeCloseTo(1);
  });

  it("goes more to proving the longer nothing improves, and back when something does", () => {
    const shares = createShares([search, proof]);
    const shareOfProof = () => sharesOf(shares, names(search, proof)).get(proof.name) ?? 0;
    const atFirst = shareOfProof();
    for (let epoch = 0; epoch < 100; epoch += 1) noteEpoch(shares, new Map());
    expect(shareOfProof()).toBeGreaterThan(3 * atFirst);
    noteEpoch(shares, new Map([[search.name, 0.01]]));
    expect(shareOfProof()).toBeCloseTo(atFirst);
  });

  it("goes more to an engine that improves plans, and never gives up the other", () => {
    const other = like("exact-highs", "search");
    const shares = createShares([search, other]);
    for (let epoch = 0; epoch < 20; epoch += 1) noteEpoch(shares, new Map([[other.name, 0.01]]));
    const split = sharesOf(shares, names(search, other));
    expect(split.get(other.name)).toBeCloseTo(0.75);
    expect(split.get(search.name)).toBeCloseTo(0.25);
  });

  it("keeps two threads busy alike, where an engine has members in both", () => {
    const working = [
      { index: 0, lane: 0, solver: search.name },
      { index: 1, lane: 1, solver: search.name },
      { index: 2, lane: 0, solver: proof.name },
    ];
    const quotas = new Map([
      [0, 300],
      [1, 300],
      [2, 400],
    ]);
    balanceLanes(quotas, working);
    expect((quotas.get(0) ?? 0) + (quotas.get(2) ?? 0)).toBe(quotas.get(1));
    expect(quotas.get(2)).toBe(400);
    expect(quotas.get(0)).toBeGreaterThan(0);
  });

  it("is small at first, so that a first improvement comes at once", () => {
    expect(epochWork(0)).toBeLessThan(epochWork(8) / 10);
    expect(epochWork(100)).toBe(epochWork(20));
  });
});
