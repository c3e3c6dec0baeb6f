/** For engines that look at tasks, workers and precedence alone. */
import { none, type Problem } from "../../core/problem.js";
import { hasTransfers } from "../../core/transfer.js";

/** The first feature of the problem that ties its tasks to more than workers and precedence. */
export function declinesTies(problem: Problem): string | null {
  const { groups, tasks, options, weights } = problem;
  if (hasTransfers(problem)) return "data travels between workers";
  if (groups.count > 0) return "tasks are grouped";
  if (tasks.hardDue.some((due) => due !== none)) return "tasks have hard deadlines";
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) {
    return "tasks may be left out";
  }
  if (weights.cost > 0 && options.cost.some((cost) => cost > 0)) return "options have costs";
  return options.poolIndex.length > 0 ? "options use pools" : null;
}
