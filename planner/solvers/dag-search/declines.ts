import type { Problem } from "../../../core/problem.js";
import { declinesProcessors, declinesShop } from "../../processors/declines.js";

/** Why local search over lists does not take the problem; null if it does. */
export function declinesDagSearch(problem: Problem): string | null {
  if (problem.edges.count === 0) return "nothing waits for anything";
  return declinesProcessors(problem) ?? declinesShop(problem);
}
