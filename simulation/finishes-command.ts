/** `simulate finishes`: workflows come in, and it is counted how many are done when it was foreseen. */
import { writeFileSync } from "node:fs";
import { Command } from "@commander-js/extra-typings";
import { solverRegistry } from "../planner/solvers/registry.js";
import { type Arrived, arrive } from "./arrivals/arrivals.js";
import { type Kept, type Tally, tally } from "./arrivals/tally.js";
import { wholeNumber } from "./whole-number.js";

/** Before that many jobs of a life have been foreseen, little is known to correct by. */
const warmUp = 50;
const rowJobs = 100;

export function finishesCommand() {
  return new Command("finishes")
    .description("workflows come in from cold: which share is done by the time that was foreseen")
    .option("--seeds <n>", "how many lives", wholeNumber, 1)
    .option("--seed <n>", "the first of them", wholeNumber, 1)
    .option("--jobs <n>", "workflows of a life", wholeNumber, 400)
    .option("--load <percent>", "how busy the cluster is kept", wholeNumber, 60)
    .option("--json <file>", "write the results for programs")
    .action(async ({ seeds, seed: first, jobs, load: percentBusy, json }) => {
      const load = percentBusy / 100;
      if (load <= 0 || load > 1) throw new Error("--load is from 1 to 100 percent");
      const solvers = [await solverRegistry["multi-start"].load()];
      const lives: { readonly seed: number; readonly arrived: readonly Arrived[] }[] = [];
      for (let seed = first; seed < first + seeds; seed++) {
        const arrived = await arrive({ seed, jobs, load, solvers });
        lives.push({ seed, arrived });
        print([`seed ${seed}`, ...linesOf(arrived)]);
      }
      const all = lives.flatMap(({ arrived }) => arrived);
      const warm = lives.flatMap(({ arrived }) => afterWarmUp(arrived));
      print([
        "all lives",
        heading,
        row("all", tally(all)),
        row(`after ${warmUp}`, tally(warm)),
        notForeseen(all),
      ]);
      if (json !== undefined) {
        const summary = { all: tally(all), warm: tally(warm), warmUp, jobs: all.length };
        writeFileSync(json, `${JSON.stringify({ summary, lives }, null, 2)}\n`);
      }
    });
}

function linesOf(arrived: readonly Arrived[]): string[] {
  const lines = [heading];
  for (let from = 0; from < arrived.length; from += rowJobs) {
    lines.push(row(`${from + 1}-`, tally(arrived.slice(from, from + rowJobs))));
  }
  return lines;
}

/** Those that come after the first for which something was foreseen. */
function afterWarmUp(arrived: readonly Arrived[]): readonly Arrived[] {
  let foreseen = 0;
  return arrived.filter((job) => {
    if (job.foreseen !== null) foreseen += 1;
    return foreseen > warmUp;
  });
}

const heading =
  "jobs        number   by p50  by p90   error  p90/p50 | rolled out: p50, p90 | all at p90: p50, p90";

function row(name: string, { jobs, given, rolled, stretched }: Tally): string {
  const sides = [
    [percent(given.byP50), percent(given.byP90), given.logError.toFixed(3), given.width.toFixed(2)],
    shares(rolled),
    shares(stretched),
  ].map((cells) => cells.map((cell) => cell.padStart(7)).join(" "));
  return `${name.padEnd(10)} ${String(jobs).padStart(7)}  ${sides.join(" | ")}`;
}

const shares = ({ byP50, byP90, width }: Kept): string[] => [
  percent(byP50),
  percent(byP90),
  width.toFixed(2),
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function notForeseen(arrived: readonly Arrived[]): string {
  const without = arrived.filter(({ foreseen }) => foreseen === null).length;
  const failed = arrived.filter(({ state }) => state !== "succeeded").length;
  return `${arrived.length} jobs; of ${without} nothing was foreseen in time, ${failed} did not succeed`;
}

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join("\n")}\n\n`);
};
