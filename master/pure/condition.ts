/** What an edge asks of its predecessor's end. */
import type { EdgeCondition } from "../../core/job.js";
import type { EndState } from "./events.js";

/** Whether a predecessor that ended so lets the edge's target go on. */
export function satisfies(condition: EdgeCondition, end: EndState): boolean {
  if (condition === "done") return true;
  if (condition === "success") return end === "succeeded";
  return end === "failed" || end === "timed_out";
}
