/** Solves instances one after the other; a line is written as soon as an instance is done. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Instance, solutionOf } from "../formats/instance.js";
import type { Listed } from "../formats/list.js";
import { type ReadOptions, readInstance } from "../formats/read.js";
import { type BenchRecord, readRecords } from "../record.js";
import type { Outcome, SolverBench } from "./portfolio.js";

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
    let instance: Instance | null = null;
    for (const column of columns) {
      const lines = records.get(column.name) ?? [];
      if (lines.some((record) => record.instance === one.instance)) continue;
      if (column.takes?.(one.family) === false) continue;
      instance ??= readInstance(one.path, options.read);
      const record = await solveOne(instance, column, options, { done, count: listed.length });
      lines.push(record);
      appendFileSync(column.out, `${JSON.stringify(record)}\n`);
    }
  }
  return records;
}

async function solveOne(
  instance: Instance,
  { name, bench, threads }: Column,
  { budgetMs, seed, solutions, progress }: RunOptions,
  at: { readonly done: number; readonly count: number },
): Promise<BenchRecord> {
  const { problem, family } = instance;
  const tell = (value: number | null, bound: number): void =>
    progress({ ...at, instance: instance.instance, column: name, value, bound });
  tell(null, 0);
  const outcome = await bench.solve(problem, tell).catch(failure);
  if (solutions !== null && outcome.plan !== null && outcome.valid) {
    const folder = name === ours ? solutions : join(solutions, name);
    const file = join(folder, `${instance.instance}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(solutionOf(instance, outcome.plan))}\n`);
  }
  return {
    instance: instance.instance,
    family,
    tasks: problem.tasks.count,
    workers: problem.workers.count,
    value: outcome.value,
    bound: outcome.bound,
    status: outcome.status,
    solver: outcome.solver,
    firstValue: outcome.firstValue,
    firstMs: rounded(outcome.firstMs),
    wallMs: rounded(outcome.wallMs) ?? 0,
    work: outcome.work,
    valid: outcome.valid,
    seed,
    threads,
    budgetMs,
    ...(outcome.note === "" ? {} : { note: outcome.note }),
  };
}

/** The column of the planner itself; peers write into folders and files of their own. */
export const ours = "almanac";

const failure = (error: unknown): Outcome => ({
  plan: null,
  value: null,
  bound: 0,
  status: "failed",
  solver: null,
  firstValue: null,
  firstMs: null,
  wallMs: 0,
  work: 0,
  valid: false,
  note: error instanceof Error ? error.message : String(error),
});

const rounded = (ms: number | null): number | null => (ms === null ? null : Number(ms.toFixed(2)));
