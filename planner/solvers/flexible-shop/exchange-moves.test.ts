import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import type { Problem } from "../../../core/problem.js";
import { ProblemBuilder } from "../../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../../core/random.js";
import { createDispatcher, dispatch, type Rule, rules } from "../../shop/dispatch.js";
import { layOut } from "../../shop/lay-out.js";
import { shopModel } from "../../shop/model.js";
import { createSchedule } from "../../shop/schedule.js";
import { beginTabu, createTabuSearch, tabuStep } from "../../shop/tabu.js";
import { makespanOf } from "../../testing/shop-oracle.js";
import { shopProblem } from "../../testing/shop-problem.js";
import { solve } from "../../testing/solver-contract.js";
import { exchangeMoves } from "./exchange-moves.js";
import { flexibleShop } from "./flexible-shop.js";

/** Jobs of three tasks that any worker does equally fast: all there is to do is to fill workers. */
function evenShop(seed: number, jobs: number, workers: number): Problem {
  const random = seededRandom(seed);
  const builder = new ProblemBuilder({ dimensions: ["slot"] });
  for (let worker = 0; worker < workers; worker += 1) builder.addWorker({ capacity: [1] });
  for (let task = 0; task < 3 * jobs; task += 1) {
    const duration = 10 + randomInteger(random, 40);
    builder.addTask({
      options: Array.from({ length: workers }, (_, worker) => ({
        class: worker,
        duration,
        demand: [1],
      })),
    });
    if (task % 3 > 0) builder.addEdge(task - 1, task);
  }
  return builder.build();
}

describe("exchanges", () => {
  it("put each of two operations where the other was, and the schedule stays one", () => {
    let made = 0;
    for (let seed = 0; seed < 6; seed += 1) {
      const model = shopModel(shopProblem(seed, 60, { workers: 4, choices: 4, durationMax: 20 }));
      const schedule = createSchedule(model);
      const random = seededRandom(seed);
      dispatch(createDispatcher(model), schedule, rules[0] as Rule, random, 0.5);
      const search = createTabuSearch(schedule, random, exchangeMoves);
      const anew = createSchedule(model);
      beginTabu(search);
      for (let k = 0; k < 50; k += 1) {
        const before = schedule.machine.slice();
        if (!tabuStep(search)) break;
        const { op, partner } = search.pick;
        expect(schedule.machine[op]).toBe(before[partner]);
        expect(schedule.machine[partner]).toBe(before[op]);
        layOut(anew, schedule.way, schedule.order);
        expect(anew.makespan, `seed ${seed}, move ${k}`).toBe(schedule.makespan);
        expect(anew.end, `seed ${seed}, move ${k}`).toEqual(schedule.end);
        made += 1;
      }
    }
    expect(made).toBeGreaterThan(60);
  });

  it("fill workers to the last tick", () => {
    for (let seed = 0; seed < 4; seed += 1) {
      const problem = evenShop(seed, 12, 6);
      const { best } = solve(flexibleShop, problem, 1, 60_000, 5_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      expect(checkPlan(problem, best).violations).toEqual([]);
      const work = problem.options.duration.reduce((sum, ticks) => sum + ticks, 0) / 6;
      expect(makespanOf(best), `seed ${seed}`).toBe(Math.ceil(work / 6));
    }
  });
});
