import type { Problem } from "../../../core/problem.js";
import { declinesProcessors, declinesShop } from "../../processors/declines.js";
import { workersMax } from "./partial.js";

/** Pairs of activities are looked at one by one. */
const tasksMax = 128;
/** Larger shops are left to the engines that know more of them. */
const shopTasksMax = 20;

/** Why depth-first search does not take the problem; null if it does. */
export function declinesAllocateOrder(problem: Problem): string | null {
  if (problem.tasks.count > tasksMax) return `more than ${tasksMax} tasks`;
  if (problem.workers.count > workersMax) return `more than ${workersMax} workers`;
  const isLarge = problem.tasks.count > shopTasksMax;
  return declinesProcessors(problem) ?? (isLarge ? declinesShop(problem) : null);
}
