import { describe, expect, it } from "vitest";
import { drawDuration, drawRemaining } from "./drawn-duration.js";
import { fromUpperTail, upperTail } from "./normal.js";
import { uniformAt } from "./random.js";
import { remaining } from "./remaining.js";

const draws = 20_000;
const places = Array.from({ length: draws }, (_, index) => fromUpperTail(uniformAt(7, index)));

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
}

describe("the standard normal distribution", () => {
  it("is inverted to seven digits, from one far end to the other", () => {
    for (let z = -5; z <= 5; z += 0.37) expect(fromUpperTail(upperTail(z))).toBeCloseTo(z, 5);
  });

  it("is what places drawn from a seed are spread like", () => {
    expect(quantile(places, 0.5)).toBeCloseTo(0, 1);
    expect(quantile(places, 0.9)).toBeCloseTo(1.2816, 1);
  });
});

describe("a drawn duration", () => {
  const estimate = { p50: 1_000, p90: 2_500 };

  it("is below the p50 in half of the cases, and below the p90 in nine of ten", () => {
    const drawn = places.map((z) => drawDuration(estimate, z));
    const share = (limitMs: number) => drawn.filter((ms) => ms <= limitMs).length / draws;
    expect(Math.abs(share(1_000) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(share(2_500) - 0.9)).toBeLessThan(0.01);
  });

  it.each([1, 700, 1_500, 4_000, 40_000, 4_000_000])(
    "that has lasted for %i ms goes on as core/remaining says",
    (ranFor) => {
      const drawn = places.map((z) => drawRemaining(estimate, ranFor, z));
      const expected = remaining({ p50Ms: 1_000, p90Ms: 2_500 }, ranFor);
      expect(quantile(drawn, 0.5) / expected.p50Ms).toBeCloseTo(1, 1);
      expect(quantile(drawn, 0.9) / expected.p90Ms).toBeCloseTo(1, 1);
    },
  );

  it("goes on for longer where it was drawn longer, however long it has run", () => {
    const sorted = [...places].sort((a, b) => a - b).filter((_, index) => index % 500 === 0);
    for (const ranFor of [0, 900, 9_000, 90_000]) {
      const left = sorted.map((z) => drawRemaining(estimate, ranFor, z));
      expect([...left].sort((a, b) => a - b)).toEqual(left);
    }
  });
});
