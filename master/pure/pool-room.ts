/** What is left of the cluster's pools: held amounts come back, consumed ones do not. */
import type { TaskTemplate } from "../../core/job.js";
import type { PoolView } from "../../core/views.js";
import type { State, Task } from "./state.js";

/** Of its capacity, held and consumed together. */
export const takenOf = (state: State, pool: string): number =>
  (state.poolUse.get(pool) ?? 0) + (state.poolConsumed.get(pool) ?? 0);

/** By attempts that have ended. */
export const takenForGood = (state: State, pool: string): number =>
  state.poolConsumed.get(pool) ?? 0;

export function poolViews({ settings, poolUse, poolConsumed }: State): PoolView[] {
  return settings.pools.map(({ name, capacity, consumable = false }) => ({
    name,
    capacity,
    consumable,
    used: poolUse.get(name) ?? 0,
    consumed: poolConsumed.get(name) ?? 0,
  }));
}

/** A consumable pool that will never again have what the task takes; null: there is none. */
export function exhaustedPool(state: State, { ways }: Task): string | null {
  const lacks = ways.map(({ template }) => poolThatLacks(state, template));
  // Of several modes each must lack something.
  return lacks.includes(null) ? null : (lacks[0] ?? null);
}

export function poolThatLacks(state: State, { pools }: TaskTemplate): string | null {
  for (const { name, capacity, consumable } of state.settings.pools) {
    const amount = pools[name] ?? 0;
    if (consumable === true && amount > 0 && takenOf(state, name) + amount > capacity) return name;
  }
  return null;
}
