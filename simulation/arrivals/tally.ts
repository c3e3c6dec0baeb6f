/** How well finish times were foreseen: which share of jobs was done by them, and how wide they are. */
import type { FinishRange } from "../../core/finish-calibration.js";
import type { Arrived, Foreseen } from "./arrivals.js";

/** Of jobs that succeeded and for which something had been foreseen. */
export interface Tally {
  readonly jobs: number;
  readonly given: Kept;
  /** As roll-outs said it, without any correction. */
  readonly rolled: Kept;
  /** With every duration at its median and at its p90, without roll-outs. */
  readonly stretched: Kept;
}

export interface Kept {
  /** Shares of the jobs that were done by then. */
  readonly byP50: number;
  readonly byP90: number;
  /** Medians: |ln(took / p50)|, and the time to the p90 over the time to the p50. */
  readonly logError: number;
  readonly width: number;
}

export function tally(arrived: readonly Arrived[]): Tally {
  const known = arrived.flatMap(({ state, tookMs, foreseen }) =>
    state === "succeeded" && foreseen !== null ? [{ tookMs, foreseen }] : [],
  );
  const kept = (of: (foreseen: Foreseen) => FinishRange | null): Kept =>
    keptOf(
      known.flatMap(({ tookMs, foreseen }) => {
        const range = of(foreseen);
        return range === null ? [] : [{ tookMs, ...range }];
      }),
    );
  return {
    jobs: known.length,
    given: kept(({ given }) => given),
    rolled: kept(({ rolled }) => rolled),
    stretched: kept(({ stretched }) => stretched),
  };
}

function keptOf(jobs: readonly (FinishRange & { readonly tookMs: number })[]): Kept {
  const share = (isKept: (job: (typeof jobs)[number]) => boolean): number =>
    jobs.length === 0 ? 0 : jobs.filter(isKept).length / jobs.length;
  return {
    byP50: share(({ tookMs, p50Ms }) => tookMs <= p50Ms),
    byP90: share(({ tookMs, p90Ms }) => tookMs <= p90Ms),
    logError: median(jobs.map(({ tookMs, p50Ms }) => Math.abs(Math.log(tookMs / p50Ms)))),
    width: median(jobs.map(({ p50Ms, p90Ms }) => p90Ms / p50Ms)),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
