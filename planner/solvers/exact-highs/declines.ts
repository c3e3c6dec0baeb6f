import type { Problem } from "../../../core/problem.js";
import { exactInput } from "./activities.js";

/** Why the exact model does not take the problem; null if it does. Loads no engine. */
export function declinesExact(problem: Problem): string | null {
  const input = exactInput(problem);
  return typeof input === "string" ? input : null;
}
