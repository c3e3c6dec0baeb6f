import type { Problem } from "../../../core/problem.js";
import { projectOf } from "../project/project.js";

/** Why the problem is no project of one mode; null if it is. */
export function declinesRcpsp(problem: Problem): string | null {
  const project = projectOf(problem);
  if (typeof project === "string") return project;
  return project.isSingleMode ? null : "tasks have several options";
}
