import { describe, expect, it } from "vitest";
import { featureCount, featureNames } from "./features.js";
import { choose, enter, type Proposal } from "./lifecycle.js";
import { createServing, learnServed, type Serving, serve } from "./serving.js";

const groups = ["a/1/x", "a/1", "a", "owner", "tenant"];
const known = new Float32Array(featureCount).fill(Number.NaN);
known[featureNames.indexOf("log_median_2")] = Math.log(1_000);
const blend = Math.log(1_000);
const saying = (ms: number) => ({
  logP50: Math.log(ms),
  logP90: Math.log(1.2 * ms),
  residualP50: Math.log(ms / 1_000),
  residualP90: Math.log((1.2 * ms) / 1_000),
});

describe("what is served", () => {
  it("is nothing where nobody knows anything, and statistics' word where there is no model", () => {
    const serving = createServing();
    expect(serve(serving, known, groups, Number.NaN, new Map()).forecast).toBeNull();
    const { forecast, version } = serve(serving, known, groups, blend, new Map());
    expect(forecast?.logP50).toBeCloseTo(blend, 12);
    expect(version).toBeNull();
  });

  it("is a shadow's word not before it is chosen, which is proposed when it gains", () => {
    const serving = inShadow();
    let proposal: Proposal | null = null;
    for (let run = 0; run < 500 && proposal === null; run++) {
      const made = serve(serving, known, groups, blend, new Map([["1", saying(3_000)]]));
      expect(made.version).toBeNull();
      expect(made.forecast?.logP50).toBeCloseTo(blend, 12);
      // One run in ten takes twice as long.
      proposal = learnServed(serving, made, run % 10 === 9 ? 6_000 : 2_900 + 20 * (run % 10));
    }
    expect(proposal).toMatchObject({ kind: "promote", version: "1" });
    choose(serving.lifecycle, "1");
    const made = serve(serving, known, groups, blend, new Map([["1", saying(3_000)]]));
    expect(made.version).toBe("1");
    expect(Math.exp(made.forecast?.logP50 ?? 0)).toBeGreaterThan(2_500);
  });

  it("falls back on statistics where the active model says nothing", () => {
    const serving = inShadow();
    choose(serving.lifecycle, "1");
    const made = serve(serving, known, groups, blend, new Map());
    expect(made.version).toBeNull();
    expect(made.forecast?.logP50).toBeCloseTo(blend, 12);
  });
});

function inShadow(): Serving {
  const serving = createServing();
  const slice = {
    runs: 50,
    model: { p50: 0.1, p90: 0.1 },
    statistics: { p50: 1, p90: 1 },
    active: null,
  };
  enter(serving.lifecycle, { version: "1", line: "learnt", slice });
  return serving;
}
