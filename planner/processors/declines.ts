/** Which problems are task graphs on processors, for the engines that take nothing else. */
import { none, type Problem, taskRunning } from "../../core/problem.js";
import { hasTransfers } from "../../core/transfer.js";

/** Beyond this the engines for task graphs have no time to look at anything twice. */
const activitiesMax = 2_000;
const placesMax = 200_000;
const arcsMax = 50_000;

/** Why the problem is not one of workers that run one task at a time for the makespan; or null. */
export function declinesProcessors(problem: Problem): string | null {
  const { tasks, workers, edges, weights } = problem;
  if (weights.makespan <= 0) return "the makespan does not count";
  if (tasks.count > activitiesMax) return `more than ${activitiesMax} tasks`;
  if (tasks.count * workers.count > placesMax) return "too many workers for so many tasks";
  if (edges.count * Math.max(1, problem.links.count) ** 2 > arcsMax) return "too many edges";
  return declinesObjective(problem) ?? declinesFeatures(problem) ?? declinesSharing(problem);
}

/** For every schedule the value must be the makespan's part alone. */
function declinesObjective({ weights, tasks, options }: Problem): string | null {
  if (weights.flow > 0 && tasks.flowWeight.some((weight) => weight > 0)) return "flow time counts";
  const late = (weight: number, task: number): boolean => weight > 0 && tasks.due[task] !== none;
  if (weights.tardiness > 0 && tasks.tardinessWeight.some(late)) return "tardiness counts";
  const moved = (weight: number, task: number): boolean =>
    weight > 0 && tasks.previousWorker[task] !== none;
  if (weights.moves > 0 && tasks.moveWeight.some(moved)) return "moves are charged";
  return weights.cost > 0 && options.cost.some((cost) => cost > 0) ? "options have costs" : null;
}

function declinesFeatures({ groups, blocks, tasks, options }: Problem): string | null {
  if (groups.count > 0) return "tasks are grouped";
  if (blocks.count > 0) return "workers are not always there";
  if (tasks.hardDue.some((due) => due !== none)) return "tasks have hard deadlines";
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) {
    return "tasks may be left out";
  }
  if (tasks.poolIndex.length + options.poolIndex.length > 0) return "pools are used";
  if (options.gpuRequest.some((request) => request !== none)) return "devices are used";
  // A task that takes no time stands within another one's, which no sequence on a worker can say.
  if (options.duration.some((ticks) => ticks === 0)) return "tasks on workers that take no time";
  const later = (start: number, task: number): boolean =>
    tasks.state[task] === taskRunning && start > 0;
  return tasks.fixedStart.some(later) ? "what runs has not begun" : null;
}

/** On each worker some dimension must hold one option at most, whichever two are taken. */
function declinesSharing({ workers, options, tasks, dimensions }: Problem): string | null {
  const usedByRunning = tasks.state.some(
    (state, task) => state === taskRunning && tasks.fixedOption[task] === none,
  );
  if (usedByRunning) return "running tasks of no option";
  const width = dimensions.length;
  for (let worker = 0; worker < workers.count; worker++) {
    let excludes = false;
    let taken = false;
    for (let dimension = 0; dimension < width && !excludes; dimension++) {
      const capacity = workers.capacity[worker * width + dimension] as number;
      excludes = true;
      for (let option = 0; option < options.count && excludes; option++) {
        if (options.class[option] !== workers.classOf[worker]) continue;
        taken = true;
        const demand = options.demand[(options.demandRow[option] as number) * width + dimension];
        excludes = 2 * (demand as number) > capacity;
      }
    }
    if (taken && !excludes) return "workers run several tasks at a time";
  }
  return null;
}

/**
 * Why a problem of workers that run one task at a time is one for the engines for shops: nothing
 * travels, and workers differ in what they can do and how fast. Null if it is not.
 */
export function declinesShop(problem: Problem): string | null {
  if (hasTransfers(problem)) return null;
  const { classOf } = problem.workers;
  const unlike = classOf.some((of) => of !== classOf[0]);
  const pinned = problem.options.worker.some((worker) => worker !== none);
  return unlike || pinned ? "a shop: nothing travels between unlike workers" : null;
}
