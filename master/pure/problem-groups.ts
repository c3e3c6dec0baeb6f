/** Gangs and groups about domains as columns, and the domains of the workers. */
import {
  type GroupColumns,
  groupColocate,
  groupGang,
  groupSpread,
  type WorkerColumns,
} from "../../core/problem.js";
import { domainOf } from "./bonds.js";
import type { WorkerTable } from "./problem-workers.js";
import type { Bond, Task, WorkerRecord } from "./state.js";

const kinds = { gang: groupGang, spread: groupSpread, colocate: groupColocate } as const;

export function groupColumns(
  rows: ReadonlyMap<Task, number>,
  { list, columns }: WorkerTable,
): { readonly groups: GroupColumns; readonly workers: WorkerColumns } {
  const members = new Map<Bond, number[]>();
  for (const [task, row] of rows) {
    for (const bond of task.bonds) {
      const known = members.get(bond);
      if (known === undefined) members.set(bond, [row]);
      else known.push(row);
    }
  }
  const bonds = [...members].filter(([, of]) => of.length > 1);
  const levels = [...new Set(bonds.flatMap(([{ kind, by }]) => (kind === "gang" ? [] : [by])))];
  const first = new Uint32Array(bonds.length + 1);
  bonds.forEach(([, of], group) => {
    first[group + 1] = (first[group] ?? 0) + of.length;
  });
  return {
    groups: {
      count: bonds.length,
      kind: Uint8Array.from(bonds, ([{ kind }]) => kinds[kind]),
      level: Uint8Array.from(bonds, ([{ by }]) => Math.max(0, levels.indexOf(by))),
      first,
      member: Uint32Array.from(bonds.flatMap(([, of]) => of.sort((a, b) => a - b))),
    },
    workers: {
      ...columns,
      domainLevels: levels,
      domain: Uint16Array.from(levels.flatMap((by) => domainsOf(by, list))),
    },
  };
}

function domainsOf(by: string, list: readonly WorkerRecord[]): number[] {
  const known = new Map<string, number>();
  return list.map((worker) => {
    const name = domainOf(by, worker);
    const index = known.get(name) ?? known.size;
    known.set(name, index);
    return index;
  });
}
