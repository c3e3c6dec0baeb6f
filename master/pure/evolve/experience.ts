/** What the end of an attempt tells of others like it: how much memory they take, how often they fail. */
import { observeMemory } from "../../../core/memory-estimate.js";
import { observeEnd } from "../../../core/recent-ends.js";
import type { AttemptStatus, State, Way } from "../state.js";
import { kindOfWay } from "../ways.js";

type Ended = Extract<AttemptStatus, { kind: "ended" }>;

/** `wasStopped`: somebody had asked for that. */
export function learnEnd(state: State, way: Way, ended: Ended, wasStopped: boolean): void {
  const { outcome, usage } = ended;
  const failed = outcome.kind !== "exited" || outcome.exitCode !== 0;
  if (!isOwnDoing(ended) || (failed && wasStopped)) return;
  observeEnd(state.recentEnds, kindOfWay(way), failed);
  // What failed had perhaps not got to its peak, and what ran out of memory was not let.
  const peakBytes = failed ? null : usage.peakMemoryBytes;
  if (peakBytes !== null && peakBytes > 0) observeMemory(state.peaks, way.groups, peakBytes);
}

/** Not of its worker, its inputs or its master. */
function isOwnDoing({ startedAtMs, outcome: { kind }, fault }: Ended): boolean {
  if (startedAtMs === null || fault !== undefined) return false;
  return (
    kind === "exited" ||
    kind === "signalled" ||
    kind === "timed_out" ||
    kind === "out_of_memory" ||
    kind === "output_failed"
  );
}
