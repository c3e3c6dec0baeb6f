import type { Problem } from "../../../core/problem.js";
import { declinesProcessors, declinesShop } from "../../processors/declines.js";
import { activitiesMax, workersMax } from "./graph.js";

/** Larger shops are left to the engines that know more of them. */
const shopTasksMax = 20;

/** Why best-first search does not take the problem; null if it does. */
export function declinesAstar(problem: Problem): string | null {
  if (problem.tasks.count > activitiesMax) return `more than ${activitiesMax} tasks`;
  if (problem.workers.count > workersMax) return `more than ${workersMax} workers`;
  const isLarge = problem.tasks.count > shopTasksMax;
  return declinesProcessors(problem) ?? (isLarge ? declinesShop(problem) : null);
}
