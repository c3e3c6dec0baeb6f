/** `bench repeats`: the same plan for a seed and work, on 1, 2 and 4 threads, whatever their pace. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Problem } from "../../core/problem.js";
import { isSolverName, type SolverName } from "../../planner/solvers/registry.js";
import { listInstances } from "../formats/list.js";
import { readInstance } from "../formats/read.js";
import { printTable, writeJson } from "../report.js";
import { projectFile } from "../root.js";
import { select } from "../solve/select.js";
import { allWays, clusterOf, differencesOf, startRepeater } from "./repeats.js";

interface Subject {
  readonly name: string;
  problem(): Problem;
}

export const repeatsBench = () =>
  new Command("repeats")
    .description("the same plan for a seed and work, on 1, 2 and 4 threads, quick and slow")
    .option("--clusters <n>", "random clusters of 50 to 300 tasks, with every feature", count, 10)
    .option("--data <dir>", "and public instances: a folder of families, or one family")
    .option("--family <name...>", "these families; a * at the end stands for any rest")
    .option("--limit <n>", "at most so many of each family, evenly spread", count, 2)
    .option("--work-units <n>", "for each run", count, 300_000)
    .option("--seed <n>", "of the portfolio, and the first cluster's", count, 1)
    .option("--solver <name...>", "only these of the portfolio", solver)
    .option("--json <file>", "write the figures here")
    .action(async ({ clusters, seed, workUnits, solver: solvers = [], ...options }) => {
      const listed = options.data === undefined ? [] : listInstances(options.data);
      const families = options.family ?? [];
      const subjects: Subject[] = [
        ...Array.from({ length: clusters }, (_, index) => ({
          name: `cluster ${seed + index}`,
          problem: () => clusterOf(seed + index),
        })),
        ...select(listed, { families, instances: [], limit: options.limit }).map(
          ({ instance, path }) => ({ name: instance, problem: () => readInstance(path).problem }),
        ),
      ];
      const repeater = startRepeater({
        plain: projectFile("dist/planner/solver-thread.js"),
        jittery: projectFile("dist/bench/repeats/jitter-thread.js"),
      });
      const rows: { problem: string; outcome: string; differences: string[] }[] = [];
      for (const { name, problem } of subjects) {
        const settings = { seed, workUnits, solvers, ways: allWays };
        const outcomes = await repeater.repeat(problem(), settings);
        const differences = differencesOf(outcomes);
        rows.push({ problem: name, outcome: outcomes[0]?.text ?? "", differences });
        process.stderr.write(`${name}: ${differences.length === 0 ? "same" : "DIFFERENT"}\n`);
        for (const line of differences) process.stderr.write(`  ${line}\n`);
      }
      await repeater.close();
      const odd = rows.filter(({ differences }) => differences.length > 0);
      printTable(
        `${rows.length} problems, ${allWays.length} runs of each: ${odd.length} not the same`,
        rows.map((row) => ({ problem: row.problem, same: String(row.differences.length === 0) })),
      );
      writeJson(options.json, rows);
      if (odd.length > 0) process.exitCode = 1;
    });

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("a whole number is expected");
  }
  return value;
}

function solver(text: string, before: readonly SolverName[] = []): readonly SolverName[] {
  if (!isSolverName(text)) throw new InvalidArgumentError(`no solver is named ${text}`);
  return [...before, text];
}
