import { describe, expect, it } from "vitest";
import { drawStrikes, roles } from "./strikes.js";

const options = { seed: 1, kills: 200, holds: 50, workers: 4, withinMs: 300_000 };

describe("strikes", () => {
  it("are as many as was asked for, in order, within their time, on everybody", () => {
    const strikes = drawStrikes(options);
    expect(strikes.filter(({ act }) => act === "kill")).toHaveLength(200);
    expect(strikes.filter(({ act }) => act === "hold")).toHaveLength(50);
    const times = strikes.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(options.withinMs);
    for (const role of roles) expect(strikes.some((one) => one.role === role)).toBe(true);
    expect(new Set(strikes.map(({ worker }) => worker)).size).toBe(4);
  });

  it("are the same for the same seed, and others for another", () => {
    expect(drawStrikes(options)).toEqual(drawStrikes(options));
    expect(drawStrikes({ ...options, seed: 2 })).not.toEqual(drawStrikes(options));
  });
});
