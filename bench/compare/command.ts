/** `bench compare`: results files side by side, against best known values. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { readOptima } from "../formats/optima.js";
import { readRecords } from "../record.js";
import { writeJson } from "../report.js";
import { compareColumns, differences } from "./compare.js";
import { printComparison } from "./table.js";

export const compareBench = () =>
  new Command("compare")
    .description("results by family: gaps to best known values, proofs, and what cannot be")
    .argument("<file...>", "JSON lines of `bench solve`; each is a column")
    .requiredOption("--optima <file>", "best known values")
    .option("--identical", "all files must have the same plans: same seed and work, other threads")
    .option("--json <file>", "write the figures here")
    .action((files, options) => {
      const optima = readOptima(options.optima);
      const columns = files.map((file) => {
        if (!existsSync(file)) throw new Error(`${file}: no such file`);
        return { name: columnName(file, files), records: readRecords(file) };
      });
      const { results, errors } = compareColumns(columns, optima);
      const others = options.identical ? differences(columns) : [];
      const comparison = { results, errors: [...errors, ...others] };
      printComparison(comparison);
      writeJson(options.json, comparison);
      if (comparison.errors.length > 0) process.exitCode = 1;
    });

/** The name of the file, or its path where two files have the same name. */
function columnName(file: string, files: readonly string[]): string {
  const name = basename(file).replace(/\.jsonl$/, "");
  const isAlone = files.filter((other) => basename(other) === basename(file)).length === 1;
  return isAlone ? name : file;
}
