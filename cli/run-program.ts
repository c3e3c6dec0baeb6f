/** Parses, runs one command, and turns whatever went wrong into an exit code. */
import { CommanderError } from "@commander-js/extra-typings";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { AlmanacError } from "../core/result.js";
import { exitCodes } from "./exit-codes.js";
import { CommandFailure, messageOf } from "./failure.js";
import { endQuietlyOnBrokenPipe, note, printError } from "./output.js";
import type { Program } from "./root.js";

export async function runProgram(create: (json: boolean) => Program): Promise<void> {
  endQuietlyOnBrokenPipe();
  // The library would print beside our own errors and logs.
  setLogVerbosity(logVerbosity.NONE);
  const argv = process.argv.slice(2);
  const end = argv.indexOf("--");
  const json = argv.slice(0, end === -1 ? argv.length : end).includes("--json");
  const program = create(json);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = report(error, json);
  }
}

function report(error: unknown, json: boolean): number {
  if (error instanceof CommandFailure) {
    printError(error.error, json);
    return error.exitCode;
  }
  if (error instanceof CommanderError) return reportUsage(error, json);
  const failed: AlmanacError = { code: "internal", message: messageOf(error), violations: [] };
  printError(failed, json);
  if (process.env.ALMANAC_DEBUG !== undefined && error instanceof Error) note(error.stack ?? "");
  return exitCodes.error;
}

/** Help and version end by an error too, with exit code 0; what is wrong was printed already. */
function reportUsage({ exitCode, message }: CommanderError, json: boolean): number {
  if (exitCode === 0) return exitCodes.done;
  if (json) {
    const text = message.replace(/^error: /, "");
    printError({ code: "invalid_argument", message: text, violations: [] }, true);
  }
  return exitCodes.usage;
}
