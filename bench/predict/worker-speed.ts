/** How fast each worker of a trace is, learnt as the master learns it; none has a benchmark. */
import {
  emptyClass,
  emptyComparison,
  emptySpeed,
  factorOf,
  observeSpeed,
  type WorkerSpeed,
} from "../../core/worker-speed.js";

export function createSpeeds() {
  const speeds = new Map<number, WorkerSpeed>();
  const comparison = emptyComparison();
  return {
    /** 1 for a worker of which nothing is known, and where none is recorded. */
    of(worker: number): number {
      const own = speeds.get(worker);
      return own === undefined ? 1 : factorOf(own);
    },
    /** `predictedMs` at speed 1, NaN where there was no prediction. */
    observe(worker: number, kind: string, predictedMs: number, ranMs: number): void {
      if (worker < 0 || !(predictedMs > 0)) return;
      const own = speeds.get(worker) ?? emptySpeed();
      speeds.set(worker, own);
      const run = { worker: String(worker), kind, predictedMs, ranMs, benchmark: 1 };
      observeSpeed(comparison, own, run, emptyClass);
    },
  };
}
