/** `bench closed-loop`: from cold, does a cluster learn what it promises, and who has become slow? */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { seededRandom } from "../../core/random.js";
import { withCluster } from "../cluster.js";
import { printTable, round, writeJson } from "../report.js";
import { type RunResult, repeatRuns } from "./runs.js";
import { type SlowedResult, slowOne } from "./slowed.js";
import { slow } from "./workflow.js";

const workers = ["w1", "w2", "w3"];

export const closedLoopBench = () =>
  new Command("closed-loop")
    .description("a workflow again and again from cold, then a worker that becomes slow")
    .option("--runs <n>", "runs of the workflow", Number, 5)
    .option("--tasks <n>", "tasks of the array during which a worker becomes slow", Number, 240)
    .option("--factor <x>", "how many times as long everything takes on it then", Number, 2)
    .option("--seed <n>", "of the times that tasks spend", Number, 1)
    .option("--json <file>", "write the figures here")
    .action(async ({ runs, tasks, factor, seed, json }) => {
      const shapes = workers.map((name) => ({ name, cpu: "4", speed: 1 }));
      const result = await withCluster({ workers: shapes }, async (bench) => {
        const factors = join(bench.directory, "factors");
        mkdirSync(factors);
        for (const worker of workers) slow(factors, worker, 1);
        const random = seededRandom(seed);
        const promises = await repeatRuns(bench, factors, runs, random);
        printTable("finish promised at submission", promises.map(promiseRow));
        const settings = { worker: "w1", factor, tasks, warmUp: Math.floor(tasks / 4) };
        const slowed = await slowOne(bench, factors, settings, random);
        printTable("a worker becomes slow", [slowedRow(slowed)]);
        return { promises, slowed };
      });
      writeJson(json, result);
      const failed = result.promises.some(({ state }) => state !== "succeeded");
      if (failed || result.slowed.completionsUntilNoticed === null) process.exitCode = 1;
    });

const secondsOr = (ms: number | null): number | string =>
  ms === null ? "unknown" : round(ms / 1_000, 2);

const promiseRow = (result: RunResult) => ({
  run: result.run,
  state: result.state,
  "promised s": secondsOr(result.promisedP50Ms),
  "9 in 10 by s": secondsOr(result.promisedP90Ms),
  "actual s": round(result.actualMs / 1_000, 2),
  "error %": result.errorPercent === null ? "" : round(result.errorPercent, 1),
  "within p90": result.keptP90 === null ? "" : result.keptP90 ? "yes" : "no",
});

const slowedRow = (result: SlowedResult) => ({
  worker: result.worker,
  "slower by": result.factor,
  "noticed after completions": result.completionsUntilNoticed ?? "not noticed",
  "planned slower by": round(result.plannedFactor, 2),
  "share of tasks then": round(result.share, 2),
  "due share": round(result.fairShare, 2),
});
