/** `npm run chaos`: real processes are killed and held while workflows run; a witness judges. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { printTable, writeJson } from "../bench/report.js";
import { type ChaosResult, runChaos } from "./run.js";
import { type Act, roles } from "./strikes.js";

/** From one blow to the next, on average, where nobody says how long all of it is to take. */
const blowEveryMs = 1_500;

const program = new Command("chaos")
  .description("kills and holds the processes of a cluster while workflows run on it")
  .option("--kills <n>", "kill -9 of master, planner, agents and supervisors", wholeNumber, 40)
  .option(
    "--holds <n>",
    "SIGSTOP, and SIGCONT later (default: a quarter of the kills)",
    wholeNumber,
  )
  .option("--minutes <m>", "over so long (default: 1.5 s for each)", Number)
  .option("--seed <n>", "decides who is hit, and when", wholeNumber, 1)
  .option("--workers <n>", "workers", wholeNumber, 4)
  .option(
    "--quiet-minutes <m>",
    "how long the end may take, once nothing is hit any more",
    Number,
    3,
  )
  .option("--json <file>", "write the figures here")
  .action(async ({ kills, seed, workers, quietMinutes, json, ...given }) => {
    const holds = given.holds ?? Math.round(kills / 4);
    const withinMs =
      given.minutes === undefined ? (kills + holds) * blowEveryMs : given.minutes * 60_000;
    const quietMs = quietMinutes * 60_000;
    const beganMs = performance.now();
    const onProgress = (line: string): boolean => process.stderr.write(`${line}\n`);
    const result = await runChaos({ seed, kills, holds, workers, withinMs, quietMs, onProgress });
    printTable("blows", rowsOf(result));
    printTable("chaos", [summaryOf(result, performance.now() - beganMs)]);
    for (const fault of result.faults) process.stdout.write(`  ${fault}\n`);
    if (result.directory !== null) process.stdout.write(`kept: ${result.directory}\n`);
    writeJson(json, result);
    if (result.faults.length > 0) process.exitCode = 1;
  });

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number");
  return value;
}

function rowsOf({ blows }: ChaosResult) {
  return roles.map((role) => {
    const count = (act: Act): number =>
      blows.filter((one) => one.role === role && one.act === act && one.failure === null).length;
    return { who: role, killed: count("kill"), held: count("hold") };
  });
}

const summaryOf = (result: ChaosResult, wallMs: number) => ({
  seed: result.seed,
  kills: result.blows.filter(({ act, failure }) => act === "kill" && failure === null).length,
  holds: result.blows.filter(({ act, failure }) => act === "hold" && failure === null).length,
  jobs: result.jobs,
  tasks: result.tasks,
  "programs begun": result.runs,
  "cut off": result.cutOff,
  minutes: Number((wallMs / 60_000).toFixed(1)),
  faults: result.faults.length,
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
