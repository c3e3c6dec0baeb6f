/** `bench verify`: solutions against the text of their files, by code that shares nothing with ours. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { unpack } from "../formats/archive.js";
import { type Listed, listInstances } from "../formats/list.js";
import { formatOf } from "../formats/read.js";
import { printTable } from "../report.js";
import { type RuleKind, rulesOf } from "../testing/rules.js";
import { faultsOf, type SolutionFile } from "../testing/verify.js";

const kinds: ReadonlySet<string> = new Set<RuleKind>([
  "psplib",
  "patterson",
  "job-shop",
  "flexible-job-shop",
  "assembly-shop",
  "unrelated",
  "stg",
  "dot",
]);
const isKind = (format: string): format is RuleKind => kinds.has(format);

export const verifyBench = () =>
  new Command("verify")
    .description("judges solutions by the text of their instances, with code of its own")
    .requiredOption("--data <dir>", "a folder of families, or one family")
    .requiredOption("--solutions <dir...>", "as `bench solve --solutions` writes them")
    .action(({ data, solutions }) => {
      const rows: { family: string; solutions: number; wrong: number }[] = [];
      for (const one of listInstances(data)) {
        for (const folder of solutions) {
          const file = join(folder, `${one.instance}.json`);
          const faults = existsSync(file) ? verify(one, file) : null;
          if (faults === null) continue;
          const known = rows.find(({ family }) => family === one.family);
          const row = known ?? { family: one.family, solutions: 0, wrong: 0 };
          if (known === undefined) rows.push(row);
          row.solutions += 1;
          if (faults.length === 0) continue;
          row.wrong += 1;
          process.stdout.write(`${file}: ${faults.slice(0, 3).join("; ")}\n`);
          process.exitCode = 1;
        }
      }
      printTable("solutions by the text of their files", rows);
    });

/** Null for a format of which nobody but the reader knows the rules. */
function verify({ path }: Listed, file: string): string[] | null {
  const [source = path, processors] = path.split("@p");
  const format = formatOf(source);
  if (format === null || !isKind(format)) return null;
  const rules = rulesOf(format, unpack(readFileSync(source)).toString("utf8"));
  const solution: SolutionFile = JSON.parse(readFileSync(file, "utf8"));
  return faultsOf(rules, solution, processors === undefined ? undefined : Number(processors));
}
