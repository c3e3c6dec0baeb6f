/**
 * How far a container's log has been copied into the attempt's own. It is kept beside that, so that a
 * next supervisor can go on with no byte lost or doubled: it begins at the position that was kept,
 * and leaves out what the log has beyond it already.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogStreamName } from "../../../core/session.js";
import { readLog, resolveOffset } from "../../logs/reader.js";
import { createLogWriter, type LogWriter, resumeLogWriter } from "../../logs/segments.js";
import {
  createLogPosition,
  type LogMessage,
  type LogPosition,
  type ReachedByStream,
} from "./log-position.js";

type LogWriters = Readonly<Record<LogStreamName, LogWriter>>;

export interface LogProgress {
  readonly position: LogPosition;
  readonly logs: LogWriters;
  /** The last of standard error so far. */
  readonly stderrTail: Buffer;
  /** Of a message that is new, what the attempt's log does not have. */
  missing(message: LogMessage): Buffer;
  /** Everything handed out before is in the log. */
  written(): void;
}

interface Kept {
  readonly reached: ReachedByStream;
  /** In the attempt's log at that position. */
  readonly bytes: Readonly<Record<LogStreamName, number>>;
}

interface LogPlace {
  readonly directory: string;
  readonly logBytesMax: number;
}

export const stderrTailBytes = 2_048;
/** What comes in between is read twice by a next supervisor, and left out. */
const keepEveryMs = 250;
const nothing: Kept = { reached: {}, bytes: { stdout: 0, stderr: 0 } };

export function beginLogProgress({ directory, logBytesMax }: LogPlace): LogProgress {
  const logs = {
    stdout: createLogWriter(directory, "stdout", logBytesMax),
    stderr: createLogWriter(directory, "stderr", logBytesMax),
  };
  return progressFrom(directory, nothing, logs, Buffer.alloc(0));
}

export async function resumeLogProgress(place: LogPlace): Promise<LogProgress> {
  const { directory, logBytesMax } = place;
  const kept = readKept(directory);
  const resume = (stream: LogStreamName): Promise<LogWriter> =>
    resumeLogWriter(directory, stream, logBytesMax, kept.bytes[stream]);
  const logs = { stdout: await resume("stdout"), stderr: await resume("stderr") };
  const from = await resolveOffset(directory, "stderr", -stderrTailBytes);
  const tail = await readLog(directory, "stderr", from, stderrTailBytes);
  return progressFrom(directory, kept, logs, Buffer.from(tail.data));
}

function progressFrom(
  directory: string,
  kept: Kept,
  logs: LogWriters,
  stderrTail: Buffer,
): LogProgress {
  const position = createLogPosition(kept.reached);
  const skip = {
    stdout: logs.stdout.totalBytes() - kept.bytes.stdout,
    stderr: logs.stderr.totalBytes() - kept.bytes.stderr,
  };
  let keptAtMs = Number.NEGATIVE_INFINITY;
  return {
    position,
    logs,
    stderrTail,
    missing({ stream, data }) {
      const skipped = Math.min(skip[stream], data.length);
      skip[stream] -= skipped;
      return data.subarray(skipped);
    },
    written() {
      // Until then the totals are ahead of the position.
      if (skip.stdout > 0 || skip.stderr > 0) return;
      if (performance.now() - keptAtMs < keepEveryMs) return;
      keptAtMs = performance.now();
      const bytes = { stdout: logs.stdout.totalBytes(), stderr: logs.stderr.totalBytes() };
      keep(directory, { reached: position.reached(), bytes });
    },
  };
}

const pathIn = (directory: string): string => join(directory, "container-log.json");

function keep(directory: string, kept: Kept): void {
  const path = pathIn(directory);
  try {
    writeFileSync(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // On a full disk the older position holds, from which there is more to read again.
  }
}

/** Only this file writes it, and whole: a rename replaces it. */
function readKept(directory: string): Kept {
  try {
    return JSON.parse(readFileSync(pathIn(directory), "utf8")) as Kept;
  } catch {
    return nothing;
  }
}
