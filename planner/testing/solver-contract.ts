/** What every solver promises, whatever it does inside. Each solver's test runs this suite. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { bruteForce } from "../../core/testing/oracle.js";
import { allExtras, randomProblem } from "../../core/testing/random-problem.js";
import type { Shared, Solver, SolverNews, StepReport } from "../solver.js";
import { dagProblem } from "./dag-problem.js";

/** Known from elsewhere: nothing, as at the start of a portfolio that has no plan. */
export function nothingKnown(news: SolverNews[] = []): Shared {
  return {
    plan: null,
    value: Number.POSITIVE_INFINITY,
    bound: 0,
    interrupted: () => false,
    progress: (found) => news.push(found),
  };
}

export interface SolverOutcome {
  readonly plans: readonly Plan[];
  readonly best: Plan | null;
  readonly bound: number;
  readonly last: StepReport;
}

/** Steps a solver until it is done or has spent the budget. */
export function solve(
  solver: Solver,
  problem: Problem,
  seed: number,
  budget: number,
  quantum = budget,
): SolverOutcome {
  const run = solver.start(problem, seed);
  const news: SolverNews[] = [];
  let spent = 0;
  let last: StepReport;
  do {
    last = run.step(quantum, nothingKnown(news));
    news.push(last);
    spent += Math.max(1, last.workUnits);
  } while (!last.done && spent < budget);
  const plans = news.flatMap(({ improved }) => (improved === null ? [] : [improved]));
  const bound = news.reduce((a, b) => Math.max(a, b.bound), 0);
  return { plans, best: plans.at(-1) ?? null, bound, last };
}

const planValue = (problem: Problem, plan: Plan): number =>
  checkPlan(problem, plan).evaluation.value;

/** What is left of the optimum by rounding in sums of floating numbers. */
const slackOf = (value: number): number => 1e-7 * Math.max(1, Math.abs(value));

/**
 * `make` draws a problem that may have every feature that the solver models, `plain` one without
 * any, for solvers that do not take workflows on workers of several cpus.
 */
export function solverContract(
  load: () => Promise<Solver>,
  make: (seed: number, tasks: number) => Problem,
  plain: (seed: number, tasks: number) => Problem = dagProblem,
): void {
  const taken = (solver: Solver, tasks: number): [number, Problem][] =>
    Array.from({ length: 24 }, (_, seed): [number, Problem] => [seed, make(seed, tasks)]).filter(
      ([, problem]) => solver.declines(problem) === null,
    );

  describe("the solver contract", () => {
    it("takes most problems of the kind it is made for", async () => {
      expect(taken(await load(), 4).length).toBeGreaterThan(12);
    });

    it("gives plans that hold, each better than the one before", async () => {
      const solver = await load();
      for (const [seed, problem] of taken(solver, 8).slice(0, 8)) {
        const { plans } = solve(solver, problem, seed, 20_000);
        const values = plans.map((plan) => {
          expect(checkPlan(problem, plan).violations, `seed ${seed}`).toEqual([]);
          return planValue(problem, plan);
        });
        for (let k = 1; k < values.length; k += 1) {
          expect(values[k], `seed ${seed}`).toBeLessThan(values[k - 1] ?? 0);
        }
      }
    });

    it("never claims a bound above the optimum, nor a proof that does not hold", async () => {
      const solver = await load();
      for (const [seed, problem] of taken(solver, 4)) {
        const { best, bound, last } = solve(solver, problem, seed, 10_000);
        // A solver that proves nothing cannot prove anything wrong.
        if (best === null || bound === 0) continue;
        const value = planValue(problem, best);
        const ends = best.end.filter((end) => end < problem.horizon);
        const latestEnd = ends.reduce((a, b) => Math.max(a, b), 0) + 10;
        const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd });
        const least = Math.min(value, optimum?.value ?? value);
        expect(bound, `seed ${seed}`).toBeLessThanOrEqual(least + slackOf(least));
        if (last.done) {
          expect(value, `seed ${seed}`).toBeLessThanOrEqual(least + slackOf(least));
        }
      }
    });

    it("leaves the problem as it was", async () => {
      const solver = await load();
      for (const [seed, problem] of taken(solver, 7).slice(0, 5)) {
        const before = structuredClone(problem);
        solve(solver, problem, seed, 20_000);
        expect(problem).toEqual(before);
      }
    });

    it("repeats for a seed and a work budget, if it says that it is deterministic", async () => {
      const solver = await load();
      if (!solver.deterministic) return;
      const problem = plain(9, 60);
      const once = solve(solver, problem, 5, 200_000, 10_000);
      const again = solve(solver, problem, 5, 200_000, 10_000);
      expect(again).toEqual(once);
      const pausedDifferently = solve(solver, problem, 5, 200_000, 50_000);
      expect(pausedDifferently.best?.start.length).toBe(60);
    });

    it("keeps to the work that a step may spend", async () => {
      const solver = await load();
      if (!solver.deterministic) return;
      const problem = plain(9, 60);
      const run = solver.start(problem, 1);
      // A decode is not cut in two: it may go over by one, at so many probes for each task.
      const oneDecode = 60 * 10;
      for (const quota of [1, 500, 5_000, 50_000]) {
        const { workUnits } = run.step(quota, nothingKnown());
        expect(workUnits).toBeGreaterThan(0);
        expect(workUnits).toBeLessThanOrEqual(quota + oneDecode);
      }
    });

    it("stops within a step when it is interrupted", async () => {
      const solver = await load();
      const run = solver.start(plain(9, 14), 1);
      const interrupted = { ...nothingKnown(), interrupted: () => true };
      const startedAtMs = performance.now();
      run.step(1e12, interrupted);
      expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    });

    it("takes up a plan that is known from elsewhere, and returns only better ones", async () => {
      const solver = await load();
      const problem = plain(2, 12);
      const plan = greedy(problem);
      const value = planValue(problem, plan);
      const known = { ...nothingKnown(), plan, value };
      const { improved } = solver.start(problem, 1).step(100_000, known);
      if (improved !== null) expect(planValue(problem, improved)).toBeLessThan(value);
    });

    it("is done with no tasks, and finds the best place of a single one", async () => {
      const solver = await load();
      expect(solve(solver, plain(1, 0), 1, 1_000).last.done).toBe(true);
      const single = plain(1, 1);
      const { best } = solve(solver, single, 1, 20_000);
      const shortest = single.options.duration.reduce((a, b) => Math.min(a, b));
      expect(best?.end[0]).toBe(shortest);
    });

    it("leaves running and kept tasks where they are", async () => {
      const solver = await load();
      let seen = 0;
      for (const [seed, problem] of taken(solver, 8)) {
        const { tasks } = problem;
        const { best } = solve(solver, problem, seed, 4_000);
        if (best === null) continue;
        tasks.state.forEach((state, task) => {
          const isOut = best.option[task] === -1 && best.worker[task] === -1;
          if (state === 0 || (isOut && state === 2)) return;
          seen += 1;
          const worker = state === 1 ? tasks.fixedWorker[task] : tasks.previousWorker[task];
          expect(best.worker[task], `seed ${seed}`).toBe(worker);
        });
      }
      expect(seen).toBeGreaterThan(5);
    });
  });
}

/** Random problems with everything but devices. */
export const withoutDevices = (seed: number, tasks: number): Problem =>
  randomProblem(seed, { tasks, devices: false, durationMax: 5 });

/** Random problems with everything. */
export const withEverything = (seed: number, tasks: number): Problem =>
  randomProblem(seed, { tasks, durationMax: 5 });

/** As above, with transfers, groups, hard deadlines, tasks that may be left out, costs and budgets. */
export const withExtras = (seed: number, tasks: number): Problem =>
  randomProblem(seed, { tasks, durationMax: 5, extras: allExtras });
