import type { Problem } from "../../../core/problem.js";
import { declinesProcessors } from "../../processors/declines.js";
import { activitiesMax, workersMax } from "./graph.js";

/** Why best-first search does not take the problem; null if it does. */
export function declinesAstar(problem: Problem): string | null {
  if (problem.tasks.count > activitiesMax) return `more than ${activitiesMax} tasks`;
  if (problem.workers.count > workersMax) return `more than ${workersMax} workers`;
  return declinesProcessors(problem);
}
