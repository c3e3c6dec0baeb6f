/** `simulate faults`: seeds until one breaks a promise, or all have been lived. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command } from "@commander-js/extra-typings";
import { solverRegistry } from "../planner/solvers/registry.js";
import { runCampaign } from "./campaign.js";
import { type LifeResult, live } from "./life.js";
import { wholeNumber } from "./whole-number.js";

export function faultsCommand() {
  return new Command("faults")
    .description("work comes in while things go wrong; then everything must come to its end")
    .option("--seeds <n>", "how many lives", wholeNumber, 100)
    .option("--seed <n>", "the first of them", wholeNumber, 1)
    .option("--tasks <n>", "tasks of a life, at least", wholeNumber, 50)
    .option("--faults <n>", "faults of a life", wholeNumber, 10)
    .option("--threads <n>", "lives at once", wholeNumber, availableParallelism())
    .option("--failures <n>", "end after so many lives that broke a promise", wholeNumber, 5)
    .option("--trace", "print everything that happens; for one seed")
    .option("--json <file>", "write the results for programs")
    .action(async ({ seeds, seed, tasks, faults, threads, failures, trace, json }) => {
      if (trace === true) return traceOne({ seed, tasks, faults });
      const startedAtMs = performance.now();
      const cpuBefore = process.cpuUsage();
      const results: LifeResult[] = [];
      let broken = 0;
      await runCampaign({
        firstSeed: seed,
        seeds,
        threads,
        tasks,
        faults,
        entry: new URL("./life-thread.js", import.meta.url),
        onResult: (result) => {
          results.push(result);
          if (result.violations.length > 0) {
            broken += 1;
            tellBroken(result, { tasks, faults });
          }
          if (results.length % 100 === 0) {
            process.stderr.write(`${results.length} of ${seeds} lives, ${broken} broken\n`);
          }
          return broken >= failures;
        },
      });
      const { user, system } = process.cpuUsage(cpuBefore);
      const summary = summaryOf(results, {
        wallMs: performance.now() - startedAtMs,
        cpuMs: (user + system) / 1_000,
      });
      process.stdout.write(`${table(summary)}\n`);
      if (json !== undefined) {
        writeFileSync(json, `${JSON.stringify({ summary, results }, null, 2)}\n`);
      }
      if (broken > 0) process.exitCode = 1;
    });
}

interface Scale {
  readonly tasks: number;
  readonly faults: number;
}

/** The one line that gives the same life again. */
const lineOf = (seed: number, { tasks, faults }: Scale): string =>
  `npm run simulate -- faults --seed ${seed} --seeds 1 --tasks ${tasks} --faults ${faults}`;

function tellBroken({ seed, violations }: LifeResult, scale: Scale): void {
  process.stdout.write(`seed ${seed} broke ${violations.length} promises:\n`);
  for (const { promise, what } of violations.slice(0, 5)) {
    process.stdout.write(`  ${promise}: ${what}\n`);
  }
  process.stdout.write(`  again: ${lineOf(seed, scale)} --trace\n`);
}

async function traceOne({ seed, tasks, faults }: Scale & { readonly seed: number }): Promise<void> {
  const solvers = [await solverRegistry["multi-start"].load()];
  const onTrace = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const result = await live({ seed, tasks, faults, solvers, onTrace });
  if (result.violations.length === 0) return;
  tellBroken(result, { tasks, faults });
  process.exitCode = 1;
}

type Summary = Readonly<Record<string, number | string>>;

function summaryOf(
  results: readonly LifeResult[],
  { wallMs, cpuMs }: { readonly wallMs: number; readonly cpuMs: number },
): Summary {
  const sum = (of: (result: LifeResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const simulatedS = sum(({ simulatedMs }) => simulatedMs) / 1_000;
  return {
    lives: results.length,
    "that broke a promise": results.filter(({ violations }) => violations.length > 0).length,
    tasks: sum(({ tasks }) => tasks),
    attempts: sum(({ attempts }) => attempts),
    events: sum(({ events }) => events),
    faults: sum(({ faults }) => faults.length),
    "simulated hours": Number((simulatedS / 3_600).toFixed(2)),
    "wall seconds": Number((wallMs / 1_000).toFixed(1)),
    "times real time, per core used": Math.round((simulatedS * 1_000) / cpuMs),
  };
}

function table(summary: Summary): string {
  const width = Math.max(...Object.keys(summary).map((name) => name.length));
  return Object.entries(summary)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join("\n");
}
