/**
 * `almanac demo`, which is what `npm start` runs: a cluster of unequal workers on this machine, the
 * example workflow on it to the end, planned against actual; then it stays up.
 */

import { runDemo } from "../demo.js";
import { exitCodes } from "../exit-codes.js";
import type { Installation, Program } from "../root.js";

export function addDemo(program: Program, installation: Installation): void {
  program
    .command("demo", { hidden: true })
    .description("start a cluster on this machine and run the example workflow on it (npm start)")
    .option("--once", "stop everything after the workflow: exit code 0 if it succeeded, else 3")
    .option("--no-planner", "greedy placement only")
    .action(async (options, command) => {
      const { json } = command.optsWithGlobals();
      const end = await runDemo({
        installation,
        once: options.once === true,
        planner: options.planner,
        json: json === true,
      });
      process.exitCode = codes[end];
    });
}

const codes = {
  succeeded: exitCodes.done,
  failed: exitCodes.workFailed,
  broken: exitCodes.error,
  interrupted: exitCodes.interrupted,
  stopped: exitCodes.done,
} as const;
