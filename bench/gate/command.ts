/** `bench gate`: chooses the gate anew, from a folder of instances and best known values. */
import { Command } from "@commander-js/extra-typings";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { listInstances } from "../formats/list.js";
import { bestKnown, type Optima, readOptima } from "../formats/optima.js";
import { readInstance } from "../formats/read.js";
import { printTable, writeJson } from "../report.js";
import { type Candidate, chooseGate } from "./choose.js";

export const gateBench = () =>
  new Command("gate")
    .description("chooses the instances for daily work, by rule")
    .requiredOption("--data <dir>", "a folder of families")
    .requiredOption("--optima <file>", "best known values")
    .option("--count <n>", "how many", Number, 120)
    .option("--json <file>", "write their names here")
    .action(({ data, optima, count, json }) => {
      const chosen = chooseGate(candidatesOf(data, readOptima(optima)), count);
      const families = new Map<string, number>();
      for (const name of chosen) {
        const family = name.replace(/\/.*/, "");
        families.set(family, (families.get(family) ?? 0) + 1);
      }
      const rows = [...families].map(([family, instances]) => ({ family, instances }));
      printTable(`the gate: ${chosen.length} instances`, rows);
      writeJson(json, chosen);
    });

function candidatesOf(data: string, optima: Optima): Candidate[] {
  return listInstances(data).flatMap(({ path, instance, family }) => {
    const { upper } = bestKnown(optima, instance);
    if (upper === null || upper <= 0) return [];
    const { problem } = readInstance(path);
    const { violations, evaluation } = checkPlan(problem, greedy(problem));
    const isPlan = violations.length === 0;
    const onePassGap = isPlan ? evaluation.value / upper - 1 : Number.POSITIVE_INFINITY;
    return [{ instance, family, tasks: problem.tasks.count, onePassGap }];
  });
}
