/**
 * A plan without a solver. Greedy placement looks at when a task is done and at nothing else; where
 * workers have prices, a second one lets each task insist on the way to run that is cheapest for
 * its duration and its price together, and the better plan of both is taken. Nor does greedy
 * placement leave out what it can place: that is tried here, one optional task after the other.
 */
import { evaluate } from "../../core/check.js";
import { leaveOut } from "../../core/choose-place.js";
import { type Choice, freeChoice } from "../../core/decode.js";
import { greedy, placeInOrder, rankOrder } from "../../core/greedy.js";
import type { Evaluation, Plan } from "../../core/plan.js";
import { none, type Problem, taskFree, taskRunning } from "../../core/problem.js";
import { isPriced } from "./skip-price.js";

export function placeAtOnce(problem: Problem): Plan {
  const hasCosts = problem.weights.cost > 0 && problem.options.cost.some((cost) => cost > 0);
  const optional = pricedTasks(problem);
  const plan = greedy(problem);
  if (!hasCosts && optional.length === 0) return plan;
  const order = rankOrder(problem, "bottom_level");
  let best = { plan, value: evaluateAtOnce(problem, plan).value, choice: freeChoice(problem) };
  const offer = (choice: Choice): void => {
    const other = placeInOrder(problem, order, choice);
    const { value } = evaluateAtOnce(problem, other);
    if (value < best.value) best = { plan: other, value, choice };
  };
  if (hasCosts) offer(thriftyChoice(problem));
  for (const task of optional) {
    const option = best.choice.option.slice();
    option[task] = leaveOut;
    offer({ option, worker: best.choice.worker });
  }
  return best.plan;
}

/**
 * What only waits for a task that is left out goes with it: whoever set the price of that one has
 * set it for both. A Problem cannot say so; it has a price for each by itself.
 */
export function evaluateAtOnce(problem: Problem, plan: Plan): Evaluation {
  const { edges, tasks } = problem;
  const isOut = (task: number): boolean =>
    plan.worker[task] === none &&
    tasks.block[task] !== none &&
    Number.isFinite(tasks.skipPrice[task]);
  const skipPrice = tasks.skipPrice.slice();
  for (let edge = 0; edge < edges.count; edge++) {
    const to = edges.to[edge] as number;
    if (isOut(to) && isOut(edges.from[edge] as number)) skipPrice[to] = 0;
  }
  return evaluate({ ...problem, tasks: { ...tasks, skipPrice } }, plan);
}

/** Tasks that a plan might leave out at their price, the cheapest first; few, each is a try. */
function pricedTasks({ tasks }: Problem): number[] {
  const priced: number[] = [];
  tasks.skipPrice.forEach((price, task) => {
    const waits = tasks.state[task] !== taskRunning && tasks.block[task] !== none;
    if (isPriced(price) && waits) priced.push(task);
  });
  priced.sort((a, b) => (tasks.skipPrice[a] as number) - (tasks.skipPrice[b] as number) || a - b);
  return priced.slice(0, Math.floor(placingsMax / Math.max(1, tasks.count)));
}

/** Tasks placed in all, over all that is tried. */
const placingsMax = 20_000;

function thriftyChoice(problem: Problem): Choice {
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
