/** How a command ends early: thrown in a command, reported and turned into an exit code in main.ts. */
import type { AlmanacError, ErrorCode, Result, Violation } from "../core/result.js";
import { type ExitCode, exitCodeOf } from "./exit-codes.js";

export class CommandFailure extends Error {
  readonly error: AlmanacError;
  readonly exitCode: ExitCode;

  constructor(error: AlmanacError, exitCode: ExitCode = exitCodeOf(error.code)) {
    super(error.message);
    this.name = "CommandFailure";
    this.error = error;
    this.exitCode = exitCode;
  }
}

export function failure(
  code: ErrorCode,
  message: string,
  violations: readonly Violation[] = [],
): CommandFailure {
  return new CommandFailure({ code, message, violations });
}

/** The value, or the end of the command. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new CommandFailure(result.error);
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
