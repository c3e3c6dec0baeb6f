import type { TabuSearch } from "../../shop/tabu.js";

/** Looks at every other way of each critical operation. */
export function lookAtOtherWays(
  search: TabuSearch,
  look: (search: TabuSearch, op: number, way: number) => void,
): void {
  const { schedule, path } = search;
  const { model, machine, way } = schedule;
  const { wayFirst } = model;
  for (let k = 0; k < path.length; k += 1) {
    const op = path.ops[k] as number;
    if ((machine[op] as number) < 0) continue;
    const last = wayFirst[op + 1] as number;
    for (let other = wayFirst[op] as number; other < last; other += 1) {
      if (other !== way[op]) look(search, op, other);
    }
  }
}
