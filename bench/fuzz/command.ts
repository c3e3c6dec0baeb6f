/** `bench fuzz`: malformed messages for every parser and every method; each is refused with a word. */
import { Command } from "@commander-js/extra-typings";
import { withCluster } from "../cluster.js";
import { printTable, writeJson } from "../report.js";
import { runFuzz } from "./run.js";

export const fuzzBench = () =>
  new Command("fuzz")
    .description("malformed messages for every parser and every RPC: typed errors, state unchanged")
    .option("--messages <n>", "in all", Number, 100_000)
    .option("--seed <n>", "of what is sent", Number, 1)
    .option("--json <file>", "write the figures here")
    .action(async ({ messages, seed, json }) => {
      const onProgress = (line: string): boolean => process.stderr.write(`${line}\n`);
      const result = await withCluster({ workers: [] }, (bench) =>
        runFuzz(bench, { messages, seed, onProgress }),
      );
      printTable(
        `${result.rows.reduce((sum, row) => sum + row.messages, 0)} messages`,
        result.rows.map((row) => ({ ...row })),
      );
      printTable(
        "resident memory",
        result.memory.map((row) => ({ ...row })),
      );
      for (const fault of result.faults) process.stdout.write(`  ${fault}\n`);
      writeJson(json, result);
      if (result.faults.length > 0) process.exitCode = 1;
    });
