/**
 * Whether one factor for a machine carries what was measured on another: each task's duration on
 * the reference machine, divided by the machine's speed, against what it took there. The speed is
 * the median over all other workflows, so that none predicts itself (Lotaru, arXiv 2309.06918).
 */
import { quantile } from "../report.js";
import type { LotaruRun } from "./read-lotaru.js";

export interface MachineError {
  readonly machine: string;
  readonly runs: number;
  /** Median |predicted - actual| / actual in percent, with the reference's own durations. */
  readonly factorless: number;
  readonly withFactor: number;
}

const reference = "local";

export function acrossMachines(runs: readonly LotaruRun[]): MachineError[] {
  const onReference = new Map(
    runs.filter(({ machine }) => machine === reference).map((run) => [run.work, run.durationMs]),
  );
  const machines = [...new Set(runs.map(({ machine }) => machine))].sort();
  return machines
    .filter((machine) => machine !== reference)
    .map((machine) => {
      const pairs = runs.flatMap((run) => {
        const referenceMs = onReference.get(run.work);
        return run.machine !== machine || referenceMs === undefined ? [] : [{ run, referenceMs }];
      });
      const factorOf = new Map(
        [...new Set(pairs.map(({ run }) => run.workflow))].map((workflow) => {
          const others = pairs.filter(({ run }) => run.workflow !== workflow);
          const ratios = others.map(({ run, referenceMs }) => run.durationMs / referenceMs);
          return [workflow, quantile(ratios, 0.5)];
        }),
      );
      const errors = (factor: (workflow: string) => number): number =>
        quantile(
          pairs.map(({ run, referenceMs }) => {
            const predictedMs = referenceMs * factor(run.workflow);
            return (100 * Math.abs(predictedMs - run.durationMs)) / run.durationMs;
          }),
          0.5,
        );
      return {
        machine,
        runs: pairs.length,
        factorless: errors(() => 1),
        withFactor: errors((workflow) => factorOf.get(workflow) ?? 1),
      };
    });
}
