/** `bench scale`: clusters drawn from a seed, up to 100,000 tasks on 5,000 workers. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { isSolverName, type SolverName } from "../../planner/solvers/registry.js";
import { printTable, round, writeJson } from "../report.js";
import { startPortfolio } from "../solve/portfolio.js";
import { runScale, type ScaleResult } from "./run.js";

interface Size {
  readonly tasks: number;
  readonly workers: number;
}

const defaultSizes: Size[] = [
  { tasks: 100, workers: 10 },
  { tasks: 1_000, workers: 50 },
  { tasks: 10_000, workers: 1_000 },
  { tasks: 100_000, workers: 5_000 },
];

export const scaleBench = () =>
  new Command("scale")
    .description("clusters from a seed: first plan, value and gap over time, repair after a loss")
    .option("--size <tasksxworkers...>", "sizes, 1000x50 for example", size)
    .option("--seed <n>", "of the first cluster", Number, 1)
    .option("--seeds <n>", "clusters of each size", Number, 1)
    .option("--budget-ms <n>", "for each cluster", Number, 10_000)
    .option("--threads <n>", "of the portfolio", Number, 2)
    .option("--solver <name...>", "only these of the portfolio")
    .option("--losses <n>", "workers that are lost, one at a time", Number, 100)
    .option("--json <file>", "write the figures here")
    .action(async ({ size: sizes = defaultSizes, seed, seeds, json, losses, ...options }) => {
      const { budgetMs, threads } = options;
      const solvers = (options.solver ?? []).filter((name): name is SolverName =>
        isSolverName(name),
      );
      const bench = await startPortfolio({ budgetMs, threads, seed, solvers, workUnits: 0 });
      const momentsMs = [100, 1_000, 10_000].filter((atMs) => atMs < budgetMs).concat(budgetMs);
      const results: ScaleResult[] = [];
      for (const { tasks, workers } of sizes) {
        for (let index = 0; index < seeds; index++) {
          const settings = { tasks, workers, seed: seed + index, momentsMs, losses };
          results.push(await runScale(bench, settings));
        }
      }
      await bench.close();
      printTable("clusters", results.map(rowOf));
      if (seeds > 1) printTable("means by size", meansOf(results));
      writeJson(json, results);
      const isWrong = results.some(({ valid, repair }) => !valid || repair?.valid === false);
      if (isWrong) {
        process.stdout.write("ERROR: a plan is not valid\n");
        process.exitCode = 1;
      }
    });

const rowOf = (result: ScaleResult) => ({
  tasks: result.tasks,
  workers: result.workers,
  seed: result.seed,
  "first ms": round(result.firstMs ?? Number.NaN),
  ...Object.fromEntries(
    result.moments.flatMap(({ atMs, value, gap }) => [
      [`at ${atMs / 1_000} s`, value === null ? "-" : String(round(value))],
      [`gap ${atMs / 1_000} s %`, gap === null ? "-" : (gap * 100).toFixed(1)],
    ]),
  ),
  solver: result.solver ?? "-",
  valid: String(result.valid),
  "peak MiB": Math.round(result.memoryMiB),
  "repair ms": round(result.repair?.medianMs ?? Number.NaN),
  "p99 ms": round(result.repair?.p99Ms ?? Number.NaN),
  "moved %": round((result.repair?.movedShareMax ?? Number.NaN) * 100, 2),
  repaired: round(result.repair?.value ?? Number.NaN),
  improved: round(result.repair?.improved?.value ?? Number.NaN),
  "moved then %": round((result.repair?.improved?.movedShare ?? Number.NaN) * 100, 2),
});

function meansOf(results: readonly ScaleResult[]) {
  const sizes = [...new Set(results.map(({ tasks, workers }) => `${tasks} x ${workers}`))];
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return sizes.map((name) => {
    const own = results.filter(({ tasks, workers }) => `${tasks} x ${workers}` === name);
    const gaps = own.map(({ moments }) => moments.at(-1)?.gap ?? 1);
    return {
      size: name,
      clusters: own.length,
      "first ms": round(mean(own.map(({ firstMs }) => firstMs ?? Number.NaN))),
      "mean gap %": round(mean(gaps) * 100, 2),
      "worst gap %": round(Math.max(...gaps) * 100, 2),
    };
  });
}

function size(text: string, before: readonly Size[] | undefined): Size[] {
  const [, tasks, workers] = text.match(/^(\d+)x(\d+)$/) ?? [];
  if (tasks === undefined || workers === undefined || Number(workers) < 2) {
    throw new InvalidArgumentError(
      "tasks and workers are expected, like 1000x50; two workers at least",
    );
  }
  return [...(before ?? []), { tasks: Number(tasks), workers: Number(workers) }];
}
