/**
 * Cheap lower bounds on the value of any feasible plan. Validity is the contract, tightness is not:
 * no bound here is ever above the value of a plan that `core/check` accepts.
 *
 * - Makespan: the longest path with the shortest options, from releases and what runs; and for each
 *   resource, kind of place and pair of head and tail, the time that its work takes (`energy.ts`).
 * - Flow: the larger of earliest ends and mean busy times of what they wait for on one fluid machine (`flow-bound.ts`).
 * - Tardiness: from earliest ends. Moves: what no option can avoid. Cost: the cheapest options.
 * - Tasks that may be left out count nowhere, and their prices are bounded by nothing.
 *
 * The bound of the value adds the parts' bounds, which is valid because weights are not negative.
 */
import { energiesOf, headTailBound } from "./energy.js";
import { flowBound } from "./flow-bound.js";
import { type Graph, graphOf } from "./graph.js";
import { mandatoryPart } from "./mandatory.js";
import { type ObjectiveParts, objectiveValue } from "./objective.js";
import { type Possible, possibleOptions } from "./possible.js";
import { none, type Problem, taskRunning } from "./problem.js";

export interface LowerBound {
  readonly makespanTicks: number;
  readonly value: number;
  readonly parts: ObjectiveParts;
}

export function lowerBound(whole: Problem): LowerBound {
  const problem = mandatoryPart(whole);
  const graph = graphOf(problem);
  const possible = possibleOptions(problem);
  const { earliestStart, earliestEnd } = heads(problem, graph, possible);
  const tail = tails(problem, graph, possible);
  const energies = energiesOf(problem, possible);
  let makespanTicks = longestPath(earliestEnd, tail);
  for (const energy of energies) {
    const bound = headTailBound(energy, earliestStart, tail);
    // Work that nothing can ever do makes the problem infeasible, not its bound infinite.
    makespanTicks = Math.max(makespanTicks, Math.min(bound, problem.horizon));
  }
  const tickS = problem.tickMs / 1000;
  const parts: ObjectiveParts = {
    makespanS: makespanTicks * tickS,
    flowS: flowBound(problem, graph, possible, energies, earliestStart, earliestEnd) * tickS,
    tardinessS: tardinessOf(problem, earliestEnd) * tickS,
    moves: unavoidableMoves(problem, possible),
    cost: leastCost(problem, possible),
    skipped: 0,
  };
  return { makespanTicks, value: objectiveValue(problem.weights, parts), parts };
}

/** Earliest start and end of each task, were capacity endless. Running tasks: their facts. */
function heads(
  problem: Problem,
  graph: Graph,
  possible: Possible,
): { readonly earliestStart: Float64Array; readonly earliestEnd: Float64Array } {
  const { tasks } = problem;
  const earliestStart = new Float64Array(tasks.count);
  const earliestEnd = new Float64Array(tasks.count);
  for (const task of graph.topological) {
    if (tasks.state[task] === taskRunning) {
      earliestStart[task] = tasks.fixedStart[task] as number;
      earliestEnd[task] = tasks.fixedEnd[task] as number;
      continue;
    }
    let start = Math.max(0, tasks.release[task] as number);
    const last = graph.predecessorFirst[task + 1] as number;
    for (let place = graph.predecessorFirst[task] as number; place < last; place++) {
      const predecessor = graph.predecessor[place] as number;
      const lag = graph.predecessorLag[place] as number;
      start = Math.max(start, (earliestEnd[predecessor] as number) + lag);
    }
    earliestStart[task] = start;
    earliestEnd[task] = start + (possible.shortest[task] as number);
  }
  return { earliestStart, earliestEnd };
}

/** Least time from the end of a task to the end of all. What runs waits for no predecessor. */
function tails(problem: Problem, graph: Graph, possible: Possible): Float64Array {
  const tail = new Float64Array(problem.tasks.count);
  for (let index = graph.topological.length - 1; index >= 0; index--) {
    const task = graph.topological[index] as number;
    let longest = 0;
    const last = graph.successorFirst[task + 1] as number;
    for (let place = graph.successorFirst[task] as number; place < last; place++) {
      const after = graph.successor[place] as number;
      if (problem.tasks.state[after] === taskRunning) continue;
      const lag = graph.successorLag[place] as number;
      const path = lag + (possible.shortest[after] as number) + (tail[after] as number);
      longest = Math.max(longest, path);
    }
    tail[task] = longest;
  }
  return tail;
}

function longestPath(earliestEnd: Float64Array, tail: Float64Array): number {
  let longest = 0;
  for (let task = 0; task < tail.length; task++) {
    longest = Math.max(longest, (earliestEnd[task] as number) + (tail[task] as number));
  }
  return longest;
}

function tardinessOf(problem: Problem, earliestEnd: Float64Array): number {
  const { count, due, tardinessWeight } = problem.tasks;
  let tardiness = 0;
  for (let task = 0; task < count; task++) {
    if (due[task] === none) continue;
    const late = Math.max(0, (earliestEnd[task] as number) - (due[task] as number));
    tardiness += (tardinessWeight[task] as number) * late;
  }
  return tardiness;
}

function leastCost(problem: Problem, possible: Possible): number {
  const { tasks, options } = problem;
  let sum = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] === taskRunning)
      sum += options.cost[tasks.fixedOption[task] ?? none] ?? 0;
    const costs = possible.options(task).map((option) => options.cost[option] as number);
    if (costs.length > 0) sum += Math.min(...costs);
  }
  return sum;
}

function unavoidableMoves(problem: Problem, possible: Possible): number {
  const { count, previousWorker, moveWeight, state, fixedWorker } = problem.tasks;
  const { classOf } = problem.workers;
  let moves = 0;
  for (let task = 0; task < count; task++) {
    const previous = previousWorker[task] as number;
    if (previous === none) continue;
    const stays =
      state[task] === taskRunning
        ? fixedWorker[task] === previous
        : possible.options(task).some((option) => {
            const pinned = problem.options.worker[option] as number;
            if (pinned !== none) return pinned === previous;
            return problem.options.class[option] === classOf[previous];
          });
    if (!stays) moves += moveWeight[task] as number;
  }
  return moves;
}
