/** Cluster pools as columns, and one more for each template that limits how many run at once. */
import type { PoolColumns, TaskColumns } from "../../core/problem.js";
import type { State, Task } from "./state.js";

export type PoolUses = Pick<TaskColumns, "poolFirst" | "poolIndex" | "poolAmount">;

/** `count`: rows of the problem; those after the tasks are milestones and use nothing. */
export function poolColumns(
  state: State,
  tasks: readonly Task[],
  count: number,
): { readonly columns: PoolColumns; readonly uses: PoolUses } {
  const names = state.settings.pools.map((pool) => pool.name);
  const capacity = state.settings.pools.map((pool) =>
    Math.max(0, pool.capacity - (state.poolConsumed.get(pool.name) ?? 0)),
  );
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const poolOf = (name: string, amount: number): number => {
    const known = indexOf.get(name) ?? names.push(name) - 1;
    if (known === capacity.length) capacity.push(amount);
    indexOf.set(name, known);
    return known;
  };
  const consumable = state.settings.pools.map((pool) => (pool.consumable === true ? 1 : 0));
  const first = new Uint32Array(count + 1);
  const index: number[] = [];
  const amounts: number[] = [];
  tasks.forEach(({ job, template }, row) => {
    for (const [name, amount] of Object.entries(template.pools)) {
      index.push(poolOf(name, 0));
      amounts.push(amount);
    }
    if (template.maxConcurrent !== null) {
      // A space cannot stand in a pool's name, so this is nobody else's.
      index.push(poolOf(`${job.id} ${template.name}`, template.maxConcurrent));
      amounts.push(1);
    }
    first[row + 1] = index.length;
  });
  first.fill(index.length, tasks.length + 1);
  return {
    columns: {
      count: names.length,
      names,
      capacity: Int32Array.from(capacity),
      consumable: Uint8Array.from(names, (_, pool) => consumable[pool] ?? 0),
    },
    uses: {
      poolFirst: first,
      poolIndex: Uint16Array.from(index),
      poolAmount: Int32Array.from(amounts),
    },
  };
}
