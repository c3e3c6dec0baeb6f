/** Where things lie in a worker's data directory; agent and supervisor agree by these functions. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `sun_path` holds 108 bytes on Linux, the closing zero included. */
const socketPathBytesMax = 100;

export function supervisorSocketPath(dataDirectory: string): string {
  const path = join(realpathSync(dataDirectory), "supervisor.sock");
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  return join(tmpdir(), `almanac-${digest(realpathSync(dataDirectory))}.sock`);
}

/** In the abstract namespace: the kernel gives it up when its holder dies, however that happens. */
export const supervisorLockName = (dataDirectory: string): string =>
  `\0almanac-supervisor-${digest(realpathSync(dataDirectory))}`;

export const supervisorLogPath = (dataDirectory: string): string =>
  join(dataDirectory, "supervisor.log");

export const attemptsDirectory = (dataDirectory: string): string => join(dataDirectory, "attempts");

/** Content that attempts took in or left, by its hash. */
export const cacheDirectory = (dataDirectory: string): string => join(dataDirectory, "cache");

/** Readable, and unique by its digest: attempt ids hold `/`, `#` and brackets and may be long. */
export function attemptDirectoryName(attempt: string): string {
  const readable = attempt.replace(/[^A-Za-z0-9._-]/g, "_").slice(-80);
  return `${readable}-${digest(attempt)}`;
}

export const attemptDirectory = (dataDirectory: string, attempt: string): string =>
  join(attemptsDirectory(dataDirectory), attemptDirectoryName(attempt));

export const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);
