import type { Problem } from "../../../core/problem.js";
import { declinesShop, mostChoices } from "../../shop/declines.js";

export function declinesJobShop(problem: Problem): string | null {
  const declined = declinesShop(problem);
  if (declined !== null) return declined;
  return mostChoices(problem) > 1 ? "tasks have a choice of workers" : null;
}
