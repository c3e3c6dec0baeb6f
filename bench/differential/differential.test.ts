import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { bruteForce, isFeasible } from "../../core/testing/oracle.js";
import { runCampaign } from "./campaign.js";
import { drawOf, problemOf, shapeNames } from "./draw.js";
import { greedyPlan, testify } from "./engines.js";
import { enumerate } from "./enumerate.js";
import { features } from "./features.js";
import { commandOf, shrink } from "./shrink.js";

const infinite = Number.POSITIVE_INFINITY;

describe("enumeration", () => {
  it("finds what trying every start finds, with every feature", () => {
    let compared = 0;
    for (let seed = 0; seed < 240; seed += 1) {
      const problem = problemOf({ ...drawOf(seed), tasks: 3 });
      const first = greedyPlan(problem);
      if (first === null) continue;
      const { value } = checkPlan(problem, first).evaluation;
      const latestEnd = first.end.reduce((a, b) => Math.max(a, b === problem.horizon ? 0 : b), 0);
      if (latestEnd > 14) continue;
      const naive = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value ?? infinite;
      const found = enumerate(problem, infinite);
      expect(found.complete, `seed ${seed}`).toBe(true);
      // Trying every start stops at the latest end of the first plan.
      expect(found.value, `seed ${seed}`).toBeLessThan(naive + 1e-9);
      const plan = found.plan ?? expect.fail("no plan");
      expect(checkPlan(problem, plan).violations, `seed ${seed}`).toEqual([]);
      expect(isFeasible(problem, plan), `seed ${seed}`).toBe(true);
      const { value: judged, parts } = checkPlan(problem, plan).evaluation;
      expect(judged, `seed ${seed}`).toBeCloseTo(found.value, 9);
      const endsInTime = (parts.makespanS * 1000) / problem.tickMs <= latestEnd;
      if (!endsInTime) continue;
      expect(found.value, `seed ${seed}`).toBeCloseTo(naive, 9);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it("says so where there is no plan, and where it gave up", () => {
    const problem = problemOf({ seed: 3, shape: "cluster", tasks: 5, features: [] });
    expect(enumerate(problem, infinite, 2)).toMatchObject({ complete: false, plan: null });
    const hardDue = problem.tasks.hardDue.map(() => 0);
    const impossible = { ...problem, tasks: { ...problem.tasks, hardDue } };
    expect(enumerate(impossible, infinite)).toMatchObject({ complete: true, plan: null });
  });
});

describe("an exact engine", () => {
  it.each(["astar", "allocate-order"] as const)(
    "lets what runs already end beyond the horizon: %s",
    async (name) => {
      const drawn = { seed: 720, shape: "unrelated", tasks: 4 } as const;
      const features = ["choices", "running", "horizon"] as const;
      const { done, value } = await testify(name, problemOf({ ...drawn, features }), 720, null);
      expect({ done, value }).toEqual({ done: true, value: 22 });
    },
  );
});

describe("a campaign", () => {
  it("finds all engines in agreement", async () => {
    const {
      failures,
      scores,
      features: seen,
    } = await runCampaign({
      seed: 1,
      seeds: 28,
      change: { tasks: 3 },
      portfolio: null,
      portfolioEvery: 1,
      progress: () => {},
    });
    expect(failures.map(({ message, command }) => `${message}: ${command}`)).toEqual([]);
    expect([...scores.keys()]).toEqual(
      expect.arrayContaining(["cp", "astar", "exact-highs", "ilp", "lns", "rcpsp", "multi-mode"]),
    );
    expect([...seen.keys()].sort()).toEqual([...features].sort());
  }, 90_000);

  it("takes up every shape in turn", () => {
    const shapes = shapeNames.map((_, seed) => drawOf(seed).shape);
    expect([...shapes].sort()).toEqual([...shapeNames].sort());
  });
});

describe("a failure", () => {
  it("loses what it does not need, and says how to see it again", async () => {
    const draw = {
      seed: 7,
      shape: "cluster",
      tasks: 5,
      features: ["edges", "lags", "cost"],
    } as const;
    const smallest = await shrink(draw, async ({ tasks, features: left }) =>
      Promise.resolve(tasks >= 3 && left.includes("lags")),
    );
    expect(smallest).toEqual({ ...draw, tasks: 3, features: ["lags"] });
    expect(commandOf(smallest, "cp")).toBe(
      "npm run bench -- differential --seed 7 --seeds 1 --shape cluster --tasks 3 --features lags --solver cp",
    );
  });
});
