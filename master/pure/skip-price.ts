/** What it costs a plan to leave a task out. */
import type { Task } from "./state.js";

/** Of what must run if that is at all possible: more than anything else is worth. */
const mandatoryPrice = 1e6;

/** What a task costs a plan that leaves it out; `waitsFor`: something that may be left out. */
export function skipPriceOf({ template }: Task, waitsFor: boolean): number {
  if (template.skipPrice !== undefined) return template.skipPrice;
  const mayMiss = template.hardDeadline === true || waitsFor;
  return mayMiss ? mandatoryPrice : Number.POSITIVE_INFINITY;
}

/** Rows whose own price a plan might pay. */
export const isPriced = (price: number): boolean => price < mandatoryPrice;
