/**
 * How fast each worker of a trace is, learnt from what its runs took against what was predicted:
 * the median of predicted / actual over the last 32, in logarithms shrunk towards 1.
 */
import { quantileOf, type Ring, remember, ringOf } from "../../core/ring.js";

const recentMax = 32;
/** Speed 1 counts as this many runs. */
const shrinkage = 4;

export function createSpeeds() {
  const ratios = new Map<number, Ring>();
  return {
    /** 1 for a worker of which nothing is known, and where none is recorded. */
    of(worker: number): number {
      const own = ratios.get(worker);
      if (own === undefined) return 1;
      const runs = own.recent.length;
      return Math.exp((runs * quantileOf(own, 0.5)) / (runs + shrinkage));
    },
    /** `predictedMs` at speed 1, NaN where there was no prediction. */
    observe(worker: number, predictedMs: number, ranMs: number): void {
      if (worker < 0 || !(predictedMs > 0)) return;
      const own = ratios.get(worker) ?? ringOf([]);
      ratios.set(worker, own);
      remember(own, Math.log(predictedMs / ranMs), recentMax);
    },
  };
}
