import type { Problem } from "../../../core/problem.js";
import { unrelatedView } from "./view.js";

/** Why the problem is no assignment of independent tasks to unrelated workers; null if it is one. */
export function declinesUnrelated(problem: Problem): string | null {
  const view = unrelatedView(problem);
  return typeof view === "string" ? view : null;
}
