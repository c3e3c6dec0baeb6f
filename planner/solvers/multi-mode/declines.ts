import type { Problem } from "../../../core/problem.js";
import { projectOf } from "../project/project.js";

/** Why the problem is no project of several modes; null if it is. */
export function declinesMultiMode(problem: Problem): string | null {
  const project = projectOf(problem);
  if (typeof project === "string") return project;
  return project.isSingleMode ? "no task has several options" : null;
}
