/** Features that a project does not have. */
import { none, type Problem } from "../../../core/problem.js";
import { hasTransfers } from "../../../core/transfer.js";

/** Beyond it, populations of whole schedules say too little for what they cost. */
const tasksMax = 2_000;

/** The first feature of the problem that a project does not know; cheap, and not yet all. */
export function declinesProject(problem: Problem): string | null {
  const { groups, tasks, options, weights, workers } = problem;
  if (tasks.count > tasksMax) return `more than ${tasksMax} tasks`;
  if (weights.makespan <= 0) return "the makespan does not count";
  if (weights.flow > 0 && tasks.flowWeight.some((weight) => weight > 0)) return "flow time counts";
  const isTardinessWeighed =
    weights.tardiness > 0 &&
    tasks.due.some((due, task) => due !== none && (tasks.tardinessWeight[task] as number) > 0);
  if (isTardinessWeighed) return "tardiness counts";
  if (weights.cost > 0 && options.cost.some((cost) => cost > 0)) return "options have costs";
  if (workers.count > 1 && hasTransfers(problem)) return "data travels between workers";
  if (groups.count > 0) return "tasks are grouped";
  if (tasks.hardDue.some((due) => due !== none)) return "tasks have hard deadlines";
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) {
    return "tasks may be left out";
  }
  return options.gpuRequest.some((request) => request !== none) ? "tasks use devices" : null;
}
