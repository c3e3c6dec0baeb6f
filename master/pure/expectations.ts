/**
 * What like tasks have taken of memory, and how often they have failed: told to readers, and to who
 * submits a task that asks for something else than it is likely to need. Nothing is charged by it.
 */
import { formatBytes } from "../../core/bytes.js";
import type { JobSpec } from "../../core/job.js";
import { estimateMemory, peaksSeen } from "../../core/memory-estimate.js";
import { countEnds } from "../../core/recent-ends.js";
import type { Violation } from "../../core/result.js";
import type { Expectation, PeakMemory } from "../../core/views.js";
import { waysToRun } from "./job-graph.js";
import type { State, Way } from "./state.js";
import { kindOfWay } from "./ways.js";

/** One run may have been an exception. */
const runsToSayTooLittle = 3;
const runsToSayTooMuch = 20;
/** Room is no waste: what is asked for has to be above the p95 by more than this. */
const tooMuchFactor = 4;
const endsToSayRisky = 10;
const riskyShare = 0.5;

type Known = Pick<State, "peaks" | "recentEnds">;

/** null: nothing of its kind is known. */
export function expectationOf(state: Known, way: Way): Expectation | null {
  const peakMemory = peakMemoryOf(state, way);
  const counts = countEnds(state.recentEnds, kindOfWay(way));
  if (peakMemory === null && counts.ends === 0) return null;
  return { askedMemoryBytes: way.template.resources.memoryBytes, peakMemory, ...counts };
}

/** Of kinds never seen nothing is said: what others in the namespace took is no guide. */
function peakMemoryOf({ peaks }: Known, way: Way): PeakMemory | null {
  const runs = peaksSeen(peaks, kindOfWay(way));
  const found = runs === 0 ? null : estimateMemory(peaks, way.groups);
  return found === null ? null : { p50Bytes: found.p50Bytes, p95Bytes: found.p95Bytes, runs };
}

/** Of a valid job. Fields are those of the expanded job. */
export const expectationWarnings = (state: Known, spec: JobSpec): Violation[] =>
  spec.templates.flatMap(({ modes }, index) =>
    waysToRun(spec, index).flatMap((way, at) => {
      const field = `templates[${index}]${modes === undefined ? "" : `.modes[${at}]`}`;
      return warningsOf(expectationOf(state, way), field);
    }),
  );

function warningsOf(expected: Expectation | null, field: string): Violation[] {
  if (expected === null) return [];
  const { askedMemoryBytes: asked, peakMemory, ends, failures } = expected;
  const warnings: Violation[] = [];
  const memory = `${field}.resources.memoryBytes`;
  if (peakMemory !== null) {
    const { p50Bytes, p95Bytes, runs } = peakMemory;
    if (asked < p50Bytes && runs >= runsToSayTooLittle) {
      const peak = formatBytes(p50Bytes);
      const message = `is likely to run out of memory: like tasks usually peak at ${peak}, it asks for ${formatBytes(asked)}`;
      warnings.push({ field: memory, message });
    }
    if (asked > tooMuchFactor * p95Bytes && runs >= runsToSayTooMuch) {
      const message = `asks for ${formatBytes(asked)}; 19 of 20 like tasks stay below ${formatBytes(p95Bytes)}`;
      warnings.push({ field: memory, message });
    }
  }
  if (ends >= endsToSayRisky && failures > riskyShare * ends) {
    warnings.push({
      field,
      message: `is likely to fail: ${failures} of the last ${ends} like it did`,
    });
  }
  return warnings;
}
