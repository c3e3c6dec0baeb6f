/** `bench solve`: instances of public benchmarks through the planner's portfolio, and its peers. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { isSolverName, type SolverName, solverNames } from "../../planner/solvers/registry.js";
import { compareColumns } from "../compare/compare.js";
import { printComparison } from "../compare/table.js";
import { listInstances } from "../formats/list.js";
import { type Optima, readOptima } from "../formats/optima.js";
import { readCluster } from "../formats/workflow.js";
import { gateInstances } from "../gate/instances.js";
import { startCpSat } from "../peers/cpsat.js";
import { startHighs } from "../peers/highs.js";
import { writeJson } from "../report.js";
import { startPortfolio } from "./portfolio.js";
import { progressLine } from "./progress.js";
import { type Column, ours, solveAll } from "./run.js";
import { select } from "./select.js";

export const solveBench = () =>
  new Command("solve")
    .description("solves benchmark instances; writes a JSON line for each, checked")
    .requiredOption("--data <dir>", "a folder of families, or one family")
    .option("--family <name...>", "these families; a * at the end stands for any rest")
    .option("--instance <name...>", "these instances: family/name")
    .option("--gate", "the gate: about 120 that are not trivial, over all families")
    .option("--limit <n>", "at most so many of each family, evenly spread", count, 0)
    .option("--budget-ms <n>", "for each instance", count, 1_000)
    .option(
      "--work-units <n>",
      "end by counted work instead: the same plan on every machine",
      count,
    )
    .option("--threads <n>", "of the portfolio", count, 2)
    .option("--seed <n>", "of the portfolio", count, 1)
    .option("--solver <name...>", `only these of the portfolio: ${solverNames.join(", ")}`, solver)
    .requiredOption("--out <file>", "JSON lines; a peer's go beside it, as FILE.cpsat-2.jsonl")
    .option("--solutions <dir>", "each solution, in the numbering of its file")
    .option("--skip-done", "go on with a file that was not finished")
    .option("--cluster <file>", "nodes on which recorded workflows are planned")
    .option("--optima <file>", "best known values; optima.json in the data folder, if it is there")
    .addOption(
      new Option("--peer <name...>", "others on the same instances with the same budget").choices([
        "cpsat",
        "highs",
      ] as const),
    )
    .option("--peer-workers <n...>", "workers of CP-SAT", counts, [2])
    .option("--python <path>", "the Python that has ortools", "python3")
    .option("--no-almanac", "peers alone")
    .option("--json <file>", "write the summary here")
    .action(async (options) => {
      const { data, out, seed, budgetMs, skipDone = false, solutions = null } = options;
      const listed = select(listInstances(data), {
        families: options.family ?? [],
        instances: options.gate ? gateInstances : (options.instance ?? []),
        limit: options.limit,
      });
      if (listed.length === 0) throw new Error(`no instances of that name in ${data}`);
      const columns = [
        ...(options.almanac ? [await ownColumn(options)] : []),
        ...(await peerColumns(options)),
      ];
      const line = progressLine(process.stderr);
      const cluster = options.cluster && readCluster(readFileSync(options.cluster, "utf8"));
      const read = cluster ? { cluster } : {};
      const settings = { columns, seed, budgetMs, solutions, skipDone, read, progress: line.show };
      const records = await solveAll(listed, settings);
      line.clear();
      await Promise.all(columns.map(({ bench }) => bench.close()));
      const comparison = compareColumns(
        [...records].map(([name, lines]) => ({ name, records: lines })),
        optimaOf(data, options.optima),
      );
      printComparison(comparison);
      writeJson(options.json, { out, ...comparison });
      if (comparison.errors.length > 0) process.exitCode = 1;
    });

interface ColumnOptions {
  readonly out: string;
  readonly budgetMs: number;
  readonly workUnits?: number | undefined;
  readonly threads: number;
  readonly seed: number;
  readonly solver?: readonly SolverName[] | undefined;
  readonly peer?: readonly ("cpsat" | "highs")[] | undefined;
  readonly peerWorkers: readonly number[];
  readonly python: string;
}

async function ownColumn(options: ColumnOptions): Promise<Column> {
  const { out, threads, seed, solver: solvers = [], workUnits = 0, budgetMs } = options;
  const limitMs = workUnits > 0 ? 0 : budgetMs;
  const bench = await startPortfolio({ threads, seed, solvers, workUnits, budgetMs: limitMs });
  return { name: ours, bench, out, threads, takes: null };
}

async function peerColumns(options: ColumnOptions): Promise<Column[]> {
  const { out, budgetMs, seed, python, peer = [], peerWorkers } = options;
  const beside = (name: string): string => `${out.replace(/\.jsonl$/, "")}.${name}.jsonl`;
  const columns: Column[] = [];
  for (const workers of peer.includes("cpsat") ? peerWorkers : []) {
    const name = `cpsat-${workers}`;
    const bench = await startCpSat({ python, workers, budgetMs, seed });
    columns.push({ name, bench, out: beside(name), threads: workers, takes: null });
  }
  if (peer.includes("highs")) {
    const takes = (family: string): boolean => family.startsWith("rcmax");
    const bench = startHighs({ budgetMs, seed });
    columns.push({ name: "highs", bench, out: beside("highs"), threads: 1, takes });
  }
  return columns;
}

function optimaOf(data: string, file: string | undefined): Optima {
  const found = file ?? [join(data, "optima.json"), join(data, "../optima.json")].find(existsSync);
  return found === undefined ? {} : readOptima(found);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("a whole number from 0 is expected");
  }
  return value;
}

const counted = new WeakSet<object>();

/** Values of an option that takes several; the first one takes the place of the default. */
function counts(text: string, before: readonly number[]): number[] {
  const known = counted.has(before) ? before : [];
  const all = [...known, count(text)];
  counted.add(all);
  return all;
}

function solver(text: string, before: readonly SolverName[] | undefined): SolverName[] {
  if (!isSolverName(text)) {
    throw new InvalidArgumentError(`there are ${solverNames.join(", ")}`);
  }
  return [...(before ?? []), text];
}
