import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan } from "./check.js";
import { choiceOf, decode, freeChoice, orderOf } from "./decode.js";
import { greedy, priorityOrders, randomisedOrder } from "./greedy.js";
import { none, taskKept } from "./problem.js";
import { seededRandom } from "./random.js";
import { randomProblem } from "./testing/random-problem.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe("decoding an order", () => {
  it("gives a feasible plan for every rule, on problems with every feature", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 25 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks });
        for (const { order } of priorityOrders(problem)) {
          const plan = decode(problem, order, freeChoice(problem));
          expect(plan).not.toBeNull();
          if (plan !== null) expect(checkPlan(problem, plan).violations).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
void [choiceOf, orderOf, greedy, randomisedOrder, none, taskKept, seededRandom];
