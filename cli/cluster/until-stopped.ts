/** The life of a process of the cluster between being ready and being told to go. */
import { Option } from "@commander-js/extra-typings";
import type { Logger } from "pino";
import { exitCodes } from "../exit-codes.js";
import { messageOf } from "../failure.js";

export interface Stoppable {
  stop(): Promise<void>;
}

/** Given by those who start us as a child; no use to anybody else. */
export const tiedOption = () => new Option("--tied", "stop when standard input ends").hideHelp();

/** A stop that hangs must not keep the process for ever. */
const stopLimitMs = 20_000;
/** What is still open once all has stopped may go on so long. */
const lingerLimitMs = 1_000;

export interface UntilStoppedOptions {
  readonly tied: boolean;
  readonly log: Logger;
  /** Resolves, with why, when somebody else wants it to stop. */
  readonly asked?: Promise<string>;
}

/**
 * Ends with SIGTERM, SIGINT or, where the process is tied, with the standard input that its starter
 * holds open; a second signal ends it at once.
 */
export async function untilStopped(
  running: Stoppable,
  { tied, log, asked }: UntilStoppedOptions,
): Promise<void> {
  const why = await Promise.race([stopRequest(tied), ...(asked === undefined ? [] : [asked])]);
  log.info({ why }, "stopping");
  process.once("SIGINT", () => process.exit(exitCodes.interrupted));
  const limit = setTimeout(() => {
    log.error({ stopLimitMs }, "did not stop in time");
    process.exit(exitCodes.error);
  }, stopLimitMs);
  try {
    await running.stop();
    log.info("stopped");
  } catch (error) {
    log.error({ error: messageOf(error) }, "stopping failed");
    process.exitCode = exitCodes.error;
  } finally {
    clearTimeout(limit);
    // Else the pipe that is watched would keep the process.
    process.stdin.destroy();
    // Connections whose other end no longer answers would keep it for minutes.
    setTimeout(() => process.exit(), lingerLimitMs).unref();
  }
}

function stopRequest(tied: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => resolve(signal));
    if (!tied) return;
    process.stdin.on("end", () => resolve("its starter has gone"));
    process.stdin.on("error", () => resolve("its starter has gone"));
    process.stdin.resume();
  });
}
