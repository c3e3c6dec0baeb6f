/**
 * The part of a pino logger that the worker uses. The supervisor does without pino, so that its
 * bundle stays small and starts fast: it writes the same JSON lines by itself.
 */
import { writeSync } from "node:fs";

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface WorkerLog {
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

const levels = { info: 30, warn: 40, error: 50 } as const;

export function createLineLog(fd: number, name: string): WorkerLog {
  const at = (level: number): Write => {
    return (fields, message) => {
      const line = JSON.stringify({ level, time: Date.now(), name, ...fields, msg: message });
      try {
        writeSync(fd, `${line}\n`);
      } catch {
        // A full disk must not take the supervisor down with its attempts.
      }
    };
  };
  return { info: at(levels.info), warn: at(levels.warn), error: at(levels.error) };
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The `code` of a system error, `ENOENT` and the like. */
export function systemErrorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
