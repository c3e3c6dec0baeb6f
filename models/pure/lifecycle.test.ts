import { describe, expect, it } from "vitest";
import {
  activeOf,
  choose,
  createLifecycle,
  enter,
  type Lifecycle,
  type Loss,
  observe,
  type Proposal,
  pin,
  shadowsOf,
} from "./lifecycle.js";

const statistics: Loss = { p50: 0.5, p90: 0.3 };

describe("gate 1", () => {
  it("lets a first candidate into the shadow if it gains by the margin", () => {
    const lifecycle = createLifecycle();
    expect(enter(lifecycle, candidate("1", times(0.99)))).toBeNull();
    expect(stateOf(lifecycle, "1")).toBe("retired");
    expect(enter(lifecycle, candidate("2", times(0.97)))).toBeNull();
    expect(stateOf(lifecycle, "2")).toBe("shadow");
  });

  it("does not take a better p90 for a worse p50, nor a loss that is no number", () => {
    const lifecycle = createLifecycle();
    enter(lifecycle, candidate("1", { p50: 0.51, p90: 0.1 }));
    enter(lifecycle, candidate("2", { p50: Number.NaN, p90: 0.1 }));
    expect(shadowsOf(lifecycle)).toEqual([]);
  });

  it("asks a rival of the active line to beat that as well", () => {
    const lifecycle = serving();
    const rival = { ...candidate("9", times(0.9)), line: "brought" };
    enter(lifecycle, { ...rival, slice: { ...slice(times(0.9)), active: times(0.91) } });
    expect(stateOf(lifecycle, "9")).toBe("retired");
    const better = { ...rival, version: "10" };
    enter(lifecycle, { ...better, slice: { ...slice(times(0.8)), active: times(0.91) } });
    expect(stateOf(lifecycle, "10")).toBe("shadow");
  });

  it("asks at most four lines, and forgets those of which nothing is alive", () => {
    const lifecycle = createLifecycle();
    for (let line = 0; line < 5; line++) {
      enter(lifecycle, { version: String(line), line: `line ${line}`, slice: slice(times(0.9)) });
    }
    expect(shadowsOf(lifecycle).map(({ version }) => version)).toEqual(["0", "1", "2", "3"]);
    expect(stateOf(lifecycle, "4")).toBe("retired");
    expect(lifecycle.lines).toHaveLength(4);
  });

  it("is passed unmeasured only by a successor of the line that is active", () => {
    const lifecycle = createLifecycle();
    enter(lifecycle, { version: "1", line: "learnt", slice: null });
    expect(stateOf(lifecycle, "1")).toBe("retired");
    const inUse = serving();
    const proposal = enter(inUse, { version: "2", line: "learnt", slice: null });
    expect(proposal).toMatchObject({ kind: "promote", version: "2" });
    choose(inUse, "2");
    expect(activeOf(inUse)?.version).toBe("2");
    expect(stateOf(inUse, "1")).toBe("retired");
  });
});

describe("gate 2", () => {
  it("opens after 500 runs with the margin, sooner to what gains more, to a lesser gain never", () => {
    expect(runsUntil(times(0.975))).toBeGreaterThan(400);
    expect(runsUntil(times(0.975))).toBeLessThanOrEqual(500);
    expect(runsUntil(times(0.6))).toBeLessThan(150);
    expect(runsUntil(times(0.6))).toBeGreaterThanOrEqual(50);
    expect(runsUntil(times(0.99))).toBe(Number.POSITIVE_INFINITY);
  });

  it("stays shut where p90 is not kept, or kept by being far too wide", () => {
    const withCoverage = (isCovered: (run: number) => boolean): Proposal | null => {
      const lifecycle = inShadow();
      let proposal: Proposal | null = null;
      for (let run = 0; run < 1_000 && proposal === null; run++) {
        proposal = tell(lifecycle, times(0.8), isCovered(run));
      }
      return proposal;
    };
    expect(withCoverage((run) => run % 5 > 0)).toBeNull();
    expect(withCoverage(() => true)).toBeNull();
    expect(withCoverage((run) => run % 10 > 0)?.kind).toBe("promote");
  });

  it("compares a rival with the active line by the same runs, be they harder than those before", () => {
    const gainOf = (rivalFactor: number): Proposal | null => {
      const lifecycle = serving();
      const entry = { ...candidate("9", times(0.5)), line: "brought" };
      enter(lifecycle, { ...entry, slice: { ...entry.slice, active: times(0.9) } });
      let proposal: Proposal | null = null;
      for (let run = 0; run < 700 && proposal === null; run++) {
        const wasCovered = run % 10 > 0;
        proposal = observe(lifecycle, {
          statistics: times(3),
          lines: [
            { line: "learnt", loss: times(3 * 0.9), wasCovered },
            { line: "brought", loss: times(3 * rivalFactor), wasCovered },
          ],
        });
      }
      return proposal;
    };
    expect(gainOf(0.8)).toMatchObject({ kind: "promote", version: "9" });
    expect(gainOf(0.9)).toBeNull();
  });

  it("only proposes: nothing is active until it is chosen", () => {
    const lifecycle = inShadow();
    for (let run = 0; run < 600; run++) tell(lifecycle, times(0.8), run % 10 > 0);
    expect(activeOf(lifecycle)).toBeUndefined();
    choose(lifecycle, "1");
    expect(activeOf(lifecycle)?.version).toBe("1");
  });
});

describe("demotion", () => {
  it("comes when the line loses more than statistics, and the same gate leads back", () => {
    const lifecycle = serving();
    let proposal: Proposal | null = null;
    let runs = 0;
    for (; runs < 3_000 && proposal === null; runs++) {
      proposal = tell(lifecycle, times(1.3), runs % 10 > 0);
    }
    expect(proposal).toMatchObject({ kind: "demote", version: "1" });
    expect(runs).toBeLessThan(400);
    choose(lifecycle, null);
    expect(stateOf(lifecycle, "1")).toBe("shadow");
    proposal = null;
    for (let run = 0; run < 3_000 && proposal === null; run++) {
      proposal = tell(lifecycle, times(0.8), run % 10 > 0);
    }
    expect(proposal).toMatchObject({ kind: "promote", version: "1" });
  });

  it("does not come to a model that is pinned, and nothing takes its place", () => {
    const lifecycle = serving();
    pin(lifecycle, "1");
    for (let run = 0; run < 1_000; run++) {
      expect(tell(lifecycle, times(2), true)).toBeNull();
    }
    expect(enter(lifecycle, { version: "2", line: "learnt", slice: null })).toBeNull();
    pin(lifecycle, null);
    expect(tell(lifecycle, times(2), true)).toMatchObject({ kind: "demote" });
  });
});

describe("the fold", () => {
  it("is plain, bounded, and goes on from a copy as from itself", () => {
    const lifecycle = inShadow();
    for (let version = 2; version < 200; version++) {
      enter(lifecycle, candidate(String(version), times(0.9)));
      tell(lifecycle, times(0.9), version % 10 > 0);
    }
    expect(lifecycle.versions.length).toBeLessThan(40);
    const copy: Lifecycle = JSON.parse(JSON.stringify(lifecycle));
    const go = (of: Lifecycle): (Proposal | null)[] =>
      Array.from({ length: 700 }, (_, run) => tell(of, times(0.9), run % 10 > 0));
    expect(go(copy)).toEqual(go(lifecycle));
    expect(copy).toEqual(lifecycle);
  });
});

const times = (factor: number): Loss => ({
  p50: factor * statistics.p50,
  p90: factor * statistics.p90,
});

const slice = (model: Loss) => ({ runs: 100, model, statistics, active: null });

const candidate = (version: string, model: Loss) => ({
  version,
  line: "learnt",
  slice: slice(model),
});

function inShadow(): Lifecycle {
  const lifecycle = createLifecycle();
  enter(lifecycle, candidate("1", times(0.9)));
  return lifecycle;
}

function serving(): Lifecycle {
  const lifecycle = inShadow();
  for (let run = 0; run < 600; run++) tell(lifecycle, times(0.9), run % 10 > 0);
  choose(lifecycle, "1");
  return lifecycle;
}

const tell = (lifecycle: Lifecycle, loss: Loss, wasCovered: boolean): Proposal | null =>
  observe(lifecycle, { statistics, lines: [{ line: "learnt", loss, wasCovered }] });

function runsUntil(loss: Loss): number {
  const lifecycle = inShadow();
  for (let run = 1; run <= 3_000; run++) {
    if (tell(lifecycle, loss, run % 10 > 0)?.kind === "promote") return run;
  }
  return Number.POSITIVE_INFINITY;
}

const stateOf = (lifecycle: Lifecycle, version: string) =>
  lifecycle.versions.find((known) => known.version === version)?.state;
