/** Judges a solution file by the rules of its instance; says what is wrong with it. */
import type { Rules, Way } from "./rules.js";

/** As it is written: see docs/benchmarks.md. */
export interface SolutionFile {
  readonly tasks: readonly {
    readonly task: string | number;
    readonly worker: string | number;
    readonly start: number;
    readonly end: number;
    readonly mode: number;
  }[];
}

type Row = SolutionFile["tasks"][number];

/** [] for a solution that is right. `machines`: how many there are, where the file does not say. */
export function faultsOf(rules: Rules, solution: SolutionFile, machineCount?: number): string[] {
  const faults: string[] = [];
  const rows = new Map<string, Row>();
  const wayOf = new Map<string, Way>();
  for (const row of solution.tasks) {
    const name = String(row.task);
    if (rows.has(name)) faults.push(`${name} twice`);
    rows.set(name, row);
    const way = rules.ways
      .get(name)
      ?.find(
        (one) =>
          (one.machine === null || one.machine === String(row.worker)) &&
          (rules.capacity === null || one.mode === row.mode) &&
          one.duration === row.end - row.start,
      );
    if (way === undefined || row.start < 0) faults.push(`${name} in no way that there is`);
    else wayOf.set(name, way);
    if (machineCount !== undefined && !(Number(row.worker) < machineCount)) {
      faults.push(`${name} on machine ${row.worker} of ${machineCount}`);
    }
  }
  for (const name of rules.ways.keys()) if (!rows.has(name)) faults.push(`${name} is missing`);
  for (const { from, to, transfer } of rules.edges) {
    const [before, after] = [rows.get(from), rows.get(to)];
    if (before === undefined || after === undefined) continue;
    const travel = before.worker === after.worker ? 0 : transfer;
    if (after.start < before.end + travel) faults.push(`${to} before ${from} is there`);
  }
  faults.push(...(rules.capacity === null ? overlaps(solution) : overloads(rules, rows, wayOf)));
  rules.budget.forEach((budget, pool) => {
    const spent = [...wayOf.values()].reduce((sum, way) => sum + (way.spends[pool] ?? 0), 0);
    if (spent > budget) faults.push(`${spent} spent of ${budget}`);
  });
  return faults;
}

function overlaps({ tasks }: SolutionFile): string[] {
  const faults: string[] = [];
  const byWorker = new Map<string, Row[]>();
  for (const row of tasks) {
    const rows = byWorker.get(String(row.worker)) ?? [];
    byWorker.set(String(row.worker), rows);
    rows.push(row);
  }
  for (const [worker, rows] of byWorker) {
    rows.sort((one, two) => one.start - two.start);
    rows.forEach((one, index) => {
      for (let k = index + 1; k < rows.length; k += 1) {
        const two = rows[k];
        if (two === undefined || two.start >= one.end) break;
        if (one.start < two.end) faults.push(`${one.task} and ${two.task} at once on ${worker}`);
      }
    });
  }
  return faults;
}

function overloads(
  { capacity }: Rules,
  rows: ReadonlyMap<string, Row>,
  wayOf: ReadonlyMap<string, Way>,
): string[] {
  const faults: string[] = [];
  for (const { start: at } of rows.values()) {
    (capacity ?? []).forEach((most, resource) => {
      let used = 0;
      for (const [name, way] of wayOf) {
        const row = rows.get(name);
        if (row !== undefined && row.start <= at && at < row.end) used += way.use[resource] ?? 0;
      }
      if (used > most) faults.push(`${used} of ${most} used of resource ${resource} at ${at}`);
    });
  }
  return faults;
}
