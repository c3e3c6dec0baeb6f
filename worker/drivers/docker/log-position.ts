/**
 * How far the log of a container has been read, so that reading can go on after the daemon was away
 * with no byte lost or doubled. The daemon sends messages in frames (docs.docker.com, "Attach to a
 * container", stream format), each begun by its time. Parts of one long line share a time, so a
 * position is the newest time of a stream with the count of messages that bore it.
 */
import type { LogStreamName } from "../../../core/session.js";

const headerBytes = 8;
/** `2026-01-02T15:04:05.000000000Z` and a space; of fixed width. */
const timeBytes = 30;
/** Messages of the two streams may be stored in another order than that of their times. */
const overlapSeconds = 1;

export interface LogMessage {
  readonly stream: LogStreamName;
  readonly time: string;
  readonly data: Buffer;
}

/** Takes a stream of chunks apart; what is left of the last message waits for the next chunk. */
export function createFrameReader(): (chunk: Buffer) => LogMessage[] {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    const messages: LogMessage[] = [];
    const buffer = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    while (buffer.length - at >= headerBytes) {
      const length = buffer.readUInt32BE(at + 4);
      const end = at + headerBytes + length;
      if (buffer.length < end) break;
      messages.push({
        stream: buffer[at] === 2 ? "stderr" : "stdout",
        time: buffer.toString("latin1", at + headerBytes, at + headerBytes + timeBytes),
        data: buffer.subarray(at + headerBytes + timeBytes + 1, end),
      });
      at = end;
    }
    pending = Buffer.from(buffer.subarray(at));
    return messages;
  };
}

interface Reached {
  readonly time: string;
  readonly count: number;
}

/** Of each stream that has said anything. */
export type ReachedByStream = Readonly<Partial<Record<LogStreamName, Reached>>>;

export interface LogPosition {
  /** From where to ask the daemon, in its words; begins a new reading. */
  restart(): string;
  /** False: it was read before. */
  isNew(message: LogMessage): boolean;
  reached(): ReachedByStream;
}

/** `known`: where an earlier reader was. */
export function createLogPosition(known: ReachedByStream = {}): LogPosition {
  const reached = new Map<LogStreamName, Reached>();
  if (known.stdout !== undefined) reached.set("stdout", known.stdout);
  if (known.stderr !== undefined) reached.set("stderr", known.stderr);
  /** Streams whose reading repeats what was read, with the messages of the newest time left. */
  const repeating = new Map<LogStreamName, number>();

  function repeats(message: LogMessage, last: Reached): boolean {
    const left = repeating.get(message.stream);
    if (left === undefined) return false;
    if (message.time < last.time) return true;
    if (message.time === last.time && left > 0) {
      repeating.set(message.stream, left - 1);
      return true;
    }
    repeating.delete(message.stream);
    return false;
  }

  return {
    restart() {
      for (const [stream, { count }] of reached) repeating.set(stream, count);
      const oldest = [...reached.values()].map(({ time }) => time).sort()[0];
      return oldest === undefined ? "0" : sinceText(oldest);
    },
    isNew(message) {
      const { stream, time } = message;
      const last = reached.get(stream);
      if (last !== undefined && repeats(message, last)) return false;
      const count = last?.time === time ? last.count + 1 : 1;
      reached.set(stream, { time, count });
      return true;
    },
    reached: () => Object.fromEntries(reached),
  };
}

/** Seconds and nanoseconds; a JavaScript number would not hold both. */
function sinceText(time: string): string {
  const seconds = Math.floor(Date.parse(`${time.slice(0, 19)}Z`) / 1_000) - overlapSeconds;
  return `${seconds}.${time.slice(20, 29)}`;
}
