/**
 * Cluster pools as columns, and one more for each template that limits how many run at once. What a
 * task takes whichever way it runs stands in its own columns, what a mode takes in its options'.
 */
import type { PoolColumns, TaskColumns } from "../../core/problem.js";
import { takenForGood } from "./pool-room.js";
import type { State, Task } from "./state.js";

export type PoolUses = Pick<TaskColumns, "poolFirst" | "poolIndex" | "poolAmount">;

export interface PoolUse {
  readonly pool: number;
  readonly amount: number;
}

/** The pools of a Problem; grows by those that its tasks bring. */
export class PoolTable {
  readonly #names: string[];
  readonly #capacity: number[];
  readonly #consumable: readonly boolean[];
  readonly #indexOf: Map<string, number>;

  constructor(state: State) {
    const { pools } = state.settings;
    this.#names = pools.map(({ name }) => name);
    this.#capacity = pools.map(({ name, capacity }) =>
      Math.max(0, capacity - takenForGood(state, name)),
    );
    this.#consumable = pools.map(({ consumable }) => consumable === true);
    this.#indexOf = new Map(this.#names.map((name, index) => [name, index]));
  }

  /** Of a task in each of its ways. */
  usesOfTask({ job, template, ways: [way] }: Task): readonly PoolUse[] {
    const isOnly = way !== undefined && way.named.mode === undefined;
    const uses = isOnly ? this.usesOf(way.template.pools) : [];
    if (template.maxConcurrent === null) return uses;
    // A space cannot stand in a pool's name, so this is nobody else's.
    const pool = this.#indexOrNew(`${job.id} ${template.name}`, template.maxConcurrent);
    return [...uses, { pool, amount: 1 }];
  }

  usesOf(pools: Readonly<Record<string, number>>): readonly PoolUse[] {
    return Object.entries(pools).map(([name, amount]) => ({
      pool: this.#indexOrNew(name, 0),
      amount,
    }));
  }

  columns(): PoolColumns {
    return {
      count: this.#names.length,
      names: this.#names,
      capacity: Int32Array.from(this.#capacity),
      consumable: Uint8Array.from(this.#names, (_, pool) => (this.#consumable[pool] ? 1 : 0)),
    };
  }

  #indexOrNew(name: string, capacity: number): number {
    const known = this.#indexOf.get(name);
    if (known !== undefined) return known;
    const index = this.#names.push(name) - 1;
    this.#capacity.push(capacity);
    this.#indexOf.set(name, index);
    return index;
  }
}

/** `count`: rows in all; those after the given ones (milestones) use nothing. */
export function poolUses(rows: readonly (readonly PoolUse[])[], count: number): PoolUses {
  const first = new Uint32Array(count + 1);
  rows.forEach((uses, row) => {
    first[row + 1] = (first[row] ?? 0) + uses.length;
  });
  first.fill(first[rows.length] ?? 0, rows.length + 1);
  const flat = rows.flat();
  return {
    poolFirst: first,
    poolIndex: Uint16Array.from(flat, ({ pool }) => pool),
    poolAmount: Int32Array.from(flat, ({ amount }) => amount),
  };
}
