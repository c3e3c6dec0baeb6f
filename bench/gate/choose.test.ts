import { describe, expect, it } from "vitest";
import { type Candidate, chooseGate } from "./choose.js";
import { gateInstances } from "./instances.js";

const candidates: Candidate[] = ["a", "b", "c"].flatMap((family, place) =>
  Array.from({ length: 20 * (place + 1) }, (_, index) => ({
    instance: `${family}/${index}`,
    family,
    tasks: 10,
    onePassGap: index % 4 === 0 ? 0.01 : 0.2,
  })),
);
const familyOf = (name: string): string => name.replace(/\/.*/, "");

describe("the gate", () => {
  it("takes families in turn, as far as they go", () => {
    const chosen = chooseGate(candidates, 60);
    const count = (family: string): number =>
      chosen.filter((name) => familyOf(name) === family).length;
    expect([count("a"), count("b"), count("c")]).toEqual([15, 23, 22]);
  });

  it("holds nothing that one pass of list scheduling solves, nor what is huge", () => {
    const easy = new Set(
      candidates.filter(({ onePassGap }) => onePassGap < 0.05).map((c) => c.instance),
    );
    expect(chooseGate(candidates, 500).filter((name) => easy.has(name))).toEqual([]);
    const huge = candidates.map((candidate) => ({ ...candidate, tasks: 10_000 }));
    expect(chooseGate(huge, 10)).toEqual([]);
  });

  it("does not depend on the order in which instances are found", () => {
    expect(chooseGate([...candidates].reverse(), 30)).toEqual(chooseGate(candidates, 30));
  });

  it("as it is kept is about 120 names over many families", () => {
    expect(new Set(gateInstances).size).toBe(gateInstances.length);
    expect(gateInstances.length).toBeGreaterThanOrEqual(100);
    expect(gateInstances.length).toBeLessThanOrEqual(140);
    const count = new Map<string, number>();
    for (const name of gateInstances) {
      count.set(familyOf(name), (count.get(familyOf(name)) ?? 0) + 1);
    }
    expect(count.size).toBeGreaterThan(25);
    expect(Math.max(...count.values())).toBeLessThanOrEqual(6);
  });
});
