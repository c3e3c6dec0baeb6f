/**
 * A plan without a solver. Greedy placement looks at when a task is done and at nothing else; where
 * workers have prices, a second one lets each task insist on the way to run that is cheapest for
 * its duration and its price together, and the better plan of both is taken.
 */
import { evaluate } from "../../core/check.js";
import { freeChoice } from "../../core/decode.js";
import { greedy, placeInOrder, rankOrder } from "../../core/greedy.js";
import type { Plan } from "../../core/plan.js";
import { none, type Problem, taskFree } from "../../core/problem.js";

export function placeAtOnce(problem: Problem): Plan {
  const plan = greedy(problem);
  if (problem.weights.cost === 0 || problem.options.cost.every((cost) => cost === 0)) return plan;
  const order = rankOrder(problem, "bottom_level");
  const thrifty = placeInOrder(problem, order, thriftyChoice(problem));
  return evaluate(problem, thrifty).value < evaluate(problem, plan).value ? thrifty : plan;
}

function thriftyChoice(problem: Problem): ReturnType<typeof freeChoice> {
  const choice = freeChoice(problem);
  const { tasks, options, weights, tickMs } = problem;
  const perTick = ((weights.makespan + weights.flow) * tickMs) / 1_000;
  for (let task = 0; task < tasks.count; task++) {
    const block = tasks.block[task] as number;
    if (block === none || tasks.state[task] !== taskFree) continue;
    let least = Number.POSITIVE_INFINITY;
    const last = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < last; option++) {
      const price =
        weights.cost * (options.cost[option] as number) +
        perTick * (options.duration[option] as number);
      if (price >= least) continue;
      least = price;
      choice.option[task] = option;
    }
  }
  return choice;
}
