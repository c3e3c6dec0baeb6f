import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { none } from "../../core/problem.js";
import { repair } from "../../core/repair.js";
import { validateProblem } from "../../planner/validate-problem.js";
import type { SolverBench } from "../solve/portfolio.js";
import { clusterProblem } from "./cluster-problem.js";
import { movedBesides, withoutWorker } from "./loss.js";
import { runScale } from "./run.js";

describe("a cluster from a seed", () => {
  it("is the same for the same seed, and another for another", () => {
    const settings = { tasks: 300, workers: 12, seed: 5 };
    expect(clusterProblem(settings)).toEqual(clusterProblem(settings));
    expect(clusterProblem({ ...settings, seed: 6 })).not.toEqual(clusterProblem(settings));
  });

  it("has graphs and tasks that stand alone, GPUs, and a plan for all of them", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const problem = clusterProblem({ tasks: 200, workers: 5, seed });
      const { tasks } = problem;
      const waits = new Set(problem.edges.to);
      const work = [...tasks.block].filter((block) => block !== none).length;
      expect(work).toBe(200);
      expect(validateProblem(problem, { tasksMax: 1_000, workersMax: 100 }).ok).toBe(true);
      expect(problem.devices.count).toBeGreaterThan(0);
      expect([...waits].some((task) => tasks.block[task] !== none)).toBe(true);
      expect(checkPlan(problem, greedy(problem)).violations).toEqual([]);
    }
  });
});

describe("a lost worker", () => {
  it("takes no more, and its tasks alone have to move", () => {
    const problem = clusterProblem({ tasks: 200, workers: 20, seed: 3 });
    const plan = greedy(problem);
    const lost = plan.worker.find((worker) => worker > 1) ?? none;
    const broken = withoutWorker(problem, plan, lost);
    expect(checkPlan(broken, plan).violations).not.toEqual([]);
    const repaired = repair(broken);
    expect(repaired.unplaced).toBe(0);
    expect(repaired.plan.worker.includes(lost)).toBe(false);
    expect(movedBesides(plan, repaired.plan, lost)).toBe(0);
    const elsewhere = { ...plan, worker: plan.worker.map((w) => (w === lost ? w : w + 1)) };
    expect(movedBesides(plan, elsewhere, lost)).toBeGreaterThan(50);
  });
});

describe("a measurement", () => {
  it("notes what was known at each moment", async () => {
    const bench: SolverBench = {
      close: async () => {},
      solve: async (problem, news) => {
        const plan = greedy(problem);
        const { value } = checkPlan(problem, plan).evaluation;
        news?.(value * 2, value / 2);
        await new Promise((resolve) => setTimeout(resolve, 60));
        const found = { plan, value, bound: value, status: "optimal", solver: "greedy" } as const;
        return {
          ...found,
          firstValue: value * 2,
          firstMs: 1,
          wallMs: 60,
          work: 1,
          valid: true,
          note: "",
        };
      },
    };
    const settings = { tasks: 50, workers: 6, seed: 1, losses: 3, momentsMs: [50, 100] };
    const result = await runScale(bench, settings);
    expect(result.moments.map(({ gap }) => gap)).toEqual([0.75, 0]);
    expect(result.repair).toMatchObject({ losses: 3, movedShareMax: 0, valid: true });
  });
});
