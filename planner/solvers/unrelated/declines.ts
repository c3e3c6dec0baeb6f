import type { Problem } from "../../../core/problem.js";
import { declinesView } from "./view.js";

/** Why the problem is no assignment of independent tasks to unrelated workers; null if it is one. */
export const declinesUnrelated = (problem: Problem): string | null => declinesView(problem);
