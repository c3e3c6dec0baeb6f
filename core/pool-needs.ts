/**
 * What a task takes of each pool in one of its options: by itself and by the option, which may take
 * from the same pool. Asked one after the other each might fit where both together do not.
 */
import type { Problem } from "./problem.js";

/** Uses of pools in compressed rows: those of tasks, or those of options. */
export type PoolRows = Pick<Problem["options"], "poolFirst" | "poolIndex" | "poolAmount">;

/** The first `count` entries of the columns hold; each pool stands there once. */
export interface PoolNeeds {
  count: number;
  readonly pool: Int32Array;
  readonly amount: Int32Array;
}

export const createPoolNeeds = (pools: number): PoolNeeds => ({
  count: 0,
  pool: new Int32Array(pools),
  amount: new Int32Array(pools),
});

export function gatherPoolNeeds(
  { tasks, options }: Problem,
  task: number,
  option: number,
  into: PoolNeeds,
): void {
  into.count = 0;
  gather(tasks, task, into);
  gather(options, option, into);
}

function gather(
  { poolFirst, poolIndex, poolAmount }: PoolRows,
  row: number,
  into: PoolNeeds,
): void {
  const last = poolFirst[row + 1] as number;
  for (let entry = poolFirst[row] as number; entry < last; entry++) {
    const pool = poolIndex[entry] as number;
    const amount = poolAmount[entry] as number;
    if (amount <= 0) continue;
    let at = 0;
    while (at < into.count && into.pool[at] !== pool) at++;
    if (at === into.count) {
      into.pool[at] = pool;
      into.amount[at] = 0;
      into.count = at + 1;
    }
    into.amount[at] = (into.amount[at] as number) + amount;
  }
}
