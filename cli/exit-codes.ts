/**
 * What the process's exit code tells a script. A command that did its own part but reports work that
 * has failed ends with `workFailed`, so that "the cluster is down" and "the job failed" are never
 * confused.
 */
import type { ErrorCode } from "../core/result.js";
import type { JobStateName } from "../core/views.js";

export const exitCodes = {
  done: 0,
  error: 1,
  /** Bad usage, bad input, or a job that no worker could ever run. */
  usage: 2,
  /** The command worked; the job it waited for did not succeed. */
  workFailed: 3,
  /** No master answers at the address. */
  unavailable: 4,
  /** `wait --timeout` passed and the job has not ended. */
  notFinished: 5,
  /** Interrupted by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byError: Readonly<Record<ErrorCode, ExitCode>> = {
  invalid_argument: exitCodes.usage,
  limit_exceeded: exitCodes.usage,
  unplaceable: exitCodes.usage,
  not_found: exitCodes.error,
  already_exists: exitCodes.error,
  failed_precondition: exitCodes.error,
  not_durable: exitCodes.error,
  permission_denied: exitCodes.error,
  internal: exitCodes.error,
  unavailable: exitCodes.unavailable,
};

export const exitCodeOf = (code: ErrorCode): ExitCode => byError[code];

/** Of a job that was waited for. */
export function exitCodeOfJob(state: JobStateName): ExitCode {
  if (state === "succeeded") return exitCodes.done;
  return state === "running" ? exitCodes.notFinished : exitCodes.workFailed;
}
