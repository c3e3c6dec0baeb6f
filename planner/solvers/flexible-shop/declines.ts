import type { Problem } from "../../../core/problem.js";
import { declinesShop, mostChoices } from "../../shop/declines.js";

export function declinesFlexibleShop(problem: Problem): string | null {
  const declined = declinesShop(problem);
  if (declined !== null) return declined;
  const most = mostChoices(problem);
  if (most <= 1) return "no task has a choice of workers";
  return most === Number.POSITIVE_INFINITY ? "tasks have too many choices" : null;
}
