/** Solves instances one after the other; a line is written as soon as an instance is done. */
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plan } from "../../core/plan.js";
import { type Instance, solutionOf } from "../formats/instance.js";
import type { Listed } from "../formats/list.js";
import { type ReadOptions, readInstance } from "../formats/read.js";
import { type BenchRecord, readRecords } from "../record.js";
import type { SolverBench } from "./portfolio.js";

/** One solver that is measured, and where its lines go. */
export interface Column {
  readonly name: string;
  readonly bench: SolverBench;
  readonly out: string;
  readonly threads: number;
  /** Instances that it takes, by name of the family; null: all. */
  readonly takes: ((family: string) => boolean) | null;
}

export interface RunOptions {
  readonly columns: readonly Column[];
  readonly seed: number;
  readonly budgetMs: number;
  /** A folder for solutions, or null. */
  readonly solutions: string | null;
  /** Instances of which a file has a line already are left as they are. */
  readonly skipDone: boolean;
  readonly read: ReadOptions;
  readonly progress: (at: Progress) => void;
}

export interface Progress {
  readonly done: number;
  readonly count: number;
  readonly instance: string;
  readonly column: string;
  readonly value: number | null;
  readonly bound: number;
}

/** Returns all lines of all columns, those of an earlier run included. */
export async function solveAll(
  listed: readonly Listed[],
  options: RunOptions,
): Promise<Map<string, BenchRecord[]>> {
  const { columns, skipDone } = options;
  const records = new Map<string, BenchRecord[]>();
  for (const { name, out } of columns) {
    const known = skipDone ? readRecords(out) : [];
    records.set(name, known);
    mkdirSync(dirname(out), { recursive: true });
    // A line that was cut off goes; an earlier run that is not continued goes as a whole.
    writeFileSync(out, known.map((record) => `${JSON.stringify(record)}\n`).join(""));
  }
  for (const [done, one] of listed.entries()) {
    let instance: Instance | undefined;
    for (const column of columns) {
      const lines = records.get(column.name) ?? [];
      if (lines.some((record) => record.instance === one.instance)) continue;
      if (column.takes?.(one.family) === false) continue;
      const at = { done, count: listed.length };
      const record = await attempt(
        async () => {
          instance ??= readInstance(one.path, options.read);
          return solveOne(instance, column, options, at);
        },
        recordOf(one, column, options),
      );
      lines.push(record);
      appendFileSync(column.out, `${JSON.stringify(record)}\n`);
    }
  }
  return records;
}

/** What is written where neither a plan nor an answer is to be had. */
const recordOf = (
  { instance, family }: Listed,
  { threads }: Column,
  { seed, budgetMs }: RunOptions,
): BenchRecord => ({
  instance,
  family,
  tasks: 0,
  workers: 0,
  value: null,
  bound: 0,
  status: "failed",
  solver: null,
  firstValue: null,
  firstMs: null,
  wallMs: 0,
  work: 0,
  valid: false,
  seed,
  threads,
  budgetMs,
});

/** A file that cannot be read and a solver that throws cost their own line, not the run. */
async function attempt(
  solve: () => Promise<BenchRecord>,
  blank: BenchRecord,
): Promise<BenchRecord> {
  try {
    return await solve();
  } catch (error) {
    return { ...blank, note: error instanceof Error ? error.message : String(error) };
  }
}

async function solveOne(
  instance: Instance,
  column: Column,
  options: RunOptions,
  at: { readonly done: number; readonly count: number },
): Promise<BenchRecord> {
  const { problem, instance: name } = instance;
  const tell = (value: number | null, bound: number): void =>
    options.progress({ ...at, instance: name, column: column.name, value, bound });
  tell(null, 0);
  const { plan, note, firstMs, wallMs, ...outcome } = await column.bench.solve(problem, tell);
  if (options.solutions !== null && plan !== null && outcome.valid) {
    const folder = column.name === ours ? options.solutions : join(options.solutions, column.name);
    const file = join(folder, `${name}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(solutionOf(instance, plan))}\n`);
  }
  return {
    ...recordOf({ path: "", instance: name, family: instance.family }, column, options),
    ...outcome,
    tasks: problem.tasks.count,
    workers: problem.workers.count,
    firstMs: firstMs === null ? null : rounded(firstMs),
    wallMs: rounded(wallMs),
    ...(plan === null ? {} : { digest: digestOf(plan) }),
    ...(note === "" ? {} : { note }),
  };
}

function digestOf({ option, worker, start, end, devices }: Plan): string {
  const hash = createHash("sha256");
  for (const column of [option, worker, start, end, devices]) hash.update(column);
  return hash.digest("hex").slice(0, 16);
}

/** The column of the planner itself; peers write into folders and files of their own. */
export const ours = "almanac";

const rounded = (ms: number): number => Number(ms.toFixed(2));
