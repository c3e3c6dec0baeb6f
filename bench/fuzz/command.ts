/** `bench fuzz`: malformed messages for every parser and every method; each is refused with a word. */
import { Command } from "@commander-js/extra-typings";
import { withCluster } from "../cluster.js";
import { printTable, writeJson } from "../report.js";
import { type FuzzRow, runFuzz } from "./run.js";

/** Whoever keeps what it was sent comes to its end here, rather than after weeks. */
const smallHeap = "--max-old-space-size=64 --max-semi-space-size=4";

export const fuzzBench = () =>
  new Command("fuzz")
    .description("malformed messages for every parser and every RPC: typed errors, state unchanged")
    .option(
      "--messages <n>",
      "in all; some are well formed in spite of everything",
      Number,
      150_000,
    )
    .option("--seed <n>", "of what is sent", Number, 1)
    .option("--json <file>", "write the figures here")
    .action(async ({ messages, seed, json }) => {
      const onProgress = (line: string): boolean => process.stderr.write(`${line}\n`);
      const cluster = { workers: [], env: { NODE_OPTIONS: smallHeap } };
      const result = await withCluster(cluster, (bench) =>
        runFuzz(bench, { messages, seed, onProgress }),
      );
      const sum = (of: (row: FuzzRow) => number): number =>
        result.rows.reduce((total, row) => total + of(row), 0);
      printTable(
        `${sum(({ messages: sent }) => sent)} messages, ${sum(({ refused }) => refused)} refused`,
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
