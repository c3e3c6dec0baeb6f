/** `bench live`: recorded workflows on real workers, planned against actual, with faults if asked. */
import { Command, Option } from "@commander-js/extra-typings";
import { printTable, round, writeJson } from "../report.js";
import { type Fault, parseFault } from "./faults.js";
import { type LiveResult, runLive } from "./run.js";

export const liveBench = () =>
  new Command("live")
    .description("runs recorded workflows (WfFormat) on a cluster of processes")
    .argument("<file...>", "WfFormat instances, .json or .json.gz")
    .option("--time-scale <x>", "seconds spent per recorded second", Number, 0.1)
    .option("--size-scale <x>", "bytes per recorded byte", Number, 0.0001)
    .addOption(
      new Option("--load <load>").choices(["sleep", "cpu"] as const).default("sleep" as const),
    )
    .option("--workers <n>", "workers", Number, 4)
    .option("--cpu <n>", "cores that each worker offers", Number, 4)
    .option("--throttle <x>", "cpu quota per core, so that all fit into this machine", Number, 1)
    .option("--fault <fault...>", "worker@0.33, node@0.33, planner@0.5, master@0.5:30s")
    .option("--greedy", "without a planner")
    .option("--compare", "once with the planner and once by greedy placement alone")
    .option("--json <file>", "write the figures here")
    .action(async (files, options) => {
      const faults: Fault[] = (options.fault ?? []).map(parseFault);
      const results: (LiveResult & { planner: boolean })[] = [];
      const kinds = options.compare ? [true, false] : [options.greedy !== true];
      for (const file of files) {
        for (const planner of kinds) {
          const result = await runLive({ ...options, file, planner, faults });
          results.push({ ...result, planner });
          printTable("workflow", [rowOf(result, planner)]);
          for (const line of [...result.done, ...result.testimony.faults.slice(0, 20)]) {
            process.stdout.write(`  ${line}\n`);
          }
        }
      }
      const rows = results.map((result) => rowOf(result, result.planner));
      printTable("workflows on real workers", rows);
      if (options.compare) printTable("full planner against greedy only", ratios(results));
      writeJson(options.json, results);
      const failed = results.some((r) => r.state !== "succeeded" || r.testimony.faults.length > 0);
      if (failed) process.exitCode = 1;
    });

const rowOf = (r: LiveResult, planner: boolean) => ({
  workflow: r.workflow,
  planner: planner ? "full" : "greedy",
  tasks: r.tasks,
  state: r.state,
  "planned s": round(r.plannedMs / 1_000, 2),
  "actual s": round(r.actualMs / 1_000, 2),
  "off %": round((r.actualMs / r.plannedMs - 1) * 100, 1),
  "bound s": round(r.boundMs / 1_000, 2),
  "gap %": round((1 - r.boundMs / r.plannedMs) * 100, 1),
  "greedy plan s": round(r.firstPlannedMs / 1_000, 2),
  plans: r.plansAdopted,
  attempts: r.attempts,
  "faults seen": r.testimony.faults.length,
});

function ratios(results: readonly (LiveResult & { planner: boolean })[]) {
  return results
    .filter((result) => result.planner)
    .map((full) => {
      const greedy = results.find((r) => !r.planner && r.workflow === full.workflow);
      return {
        workflow: full.workflow,
        "full s": round(full.actualMs / 1_000, 2),
        "greedy s": round((greedy?.actualMs ?? Number.NaN) / 1_000, 2),
        "full / greedy": round(full.actualMs / (greedy?.actualMs ?? Number.NaN), 3),
      };
    });
}
