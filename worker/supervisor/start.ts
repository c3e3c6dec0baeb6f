/** Starts a supervisor as a process of its own, which outlives its starter. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import type { DockerPolicy } from "../drivers/docker/policy.js";
import type { KvmSettings } from "../drivers/kvm/settings.js";
import {
  closedPolicy,
  type ProcessPolicy,
  supervisorPrefix,
} from "../drivers/process/privileges.js";
import { supervisorLogPath } from "../ipc/paths.js";

export interface SupervisorArguments {
  readonly dataDirectory: string;
  /** Without an agent, a live attempt or a report to deliver, it leaves after this long. */
  readonly idleExitMs: number;
  readonly retainedAttemptsMax: number;
  readonly retainedBytesMax: number;
  /** What tasks may ask of the process driver. Absent: nothing. */
  readonly process?: ProcessPolicy;
  /** null: this worker runs no containers. */
  readonly docker: DockerPolicy | null;
  /** null: this worker runs no machines. */
  readonly kvm: KvmSettings | null;
}

const logBytesMax = 8 * 1024 * 1024;

/**
 * Harmless if one runs already: the new one finds the lock held and leaves with code 0. Its last
 * words are in its log.
 */
export function startSupervisor(
  entry: readonly string[],
  given: SupervisorArguments,
  onExit: (exitCode: number | null) => void = () => undefined,
): void {
  mkdirSync(given.dataDirectory, { recursive: true, mode: 0o700 });
  const logPath = supervisorLogPath(given.dataDirectory);
  if (bytesOf(logPath) > logBytesMax) renameSync(logPath, `${logPath}.old`);
  const log = openSync(logPath, "a", 0o600);
  const { NODE_OPTIONS: _options, ...environment } = process.env;
  const prefix = supervisorPrefix(given.process ?? closedPolicy);
  const [program = "", ...rest] = [...prefix, process.execPath, ...entry, JSON.stringify(given)];
  try {
    const child = spawn(program, rest, {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
      env: environment,
    });
    child.on("error", () => onExit(1));
    child.on("exit", onExit);
    child.unref();
  } finally {
    closeSync(log);
  }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
