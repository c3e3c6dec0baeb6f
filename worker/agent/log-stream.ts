/**
 * The stream on which the master pulls logs. Every request has its own credit, and the agent sends
 * no byte beyond it, so a flood of logs waits here, not in front of heartbeats: those have a stream
 * of their own.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { AttemptId, Incarnation } from "../../core/ids.js";
import type { LogPull, LogPush } from "../../core/session.js";
import type { WorkerServiceClient } from "../../proto/codec/services.js";
import { decodeLogPull, encodeLogPush } from "../../proto/codec/worker.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf } from "../log.js";
import { readLog, resolveOffset } from "../logs/reader.js";

export interface LogStreamOptions {
  readonly client: WorkerServiceClient;
  readonly dataDirectory: string;
  readonly incarnation: Incarnation;
  /** Whether more output may come. */
  readonly isRunning: (attempt: AttemptId) => boolean;
}

export interface LogStream {
  readonly closed: Promise<void>;
  close(): void;
}

const requestsMax = 256;
const chunkBytesMax = 64 * 1024;
const followEveryMs = 40;

interface Request {
  readonly open: Extract<LogPull, { kind: "open" }>;
  creditBytes: number;
  closed: boolean;
  /** Wakes the request when credit comes or it is closed. */
  wake: () => void;
}

const noBytes = new Uint8Array(0);

export function openLogStream(options: LogStreamOptions): LogStream {
  const stream = options.client.logs();
  const requests = new Map<number, Request>();
  let drained: Promise<void> = Promise.resolve();
  let ended = false;
  let settle: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    settle = resolve;
  });

  function end(): void {
    if (ended) return;
    ended = true;
    for (const request of requests.values()) closeRequest(request);
    stream.cancel();
    settle();
  }

  async function push(message: Partial<LogPush> & { readonly request: number }): Promise<void> {
    await drained;
    if (ended) return;
    const empty = { incarnation: null, offset: 0, data: noBytes, droppedBytes: 0 };
    const whole: LogPush = { ...empty, end: false, error: "", ...message };
    if (!stream.write(encodeLogPush(whole))) {
      drained = new Promise((resolve) => {
        stream.once("drain", resolve);
        void closed.then(resolve);
      });
    }
  }

  async function serve(request: Request): Promise<void> {
    const { open } = request;
    try {
      await sendLog(options, request, push);
    } catch (error) {
      await push({ request: open.request, end: true, error: messageOf(error) });
    } finally {
      requests.delete(open.request);
    }
  }

  function onPull(pull: LogPull): void {
    const known = requests.get(pull.request);
    if (pull.kind === "open") {
      if (known !== undefined) return;
      if (requests.size >= requestsMax) {
        const error = `more than ${requestsMax} logs are being read from this worker`;
        void push({ request: pull.request, end: true, error });
        return;
      }
      const { creditBytes } = pull;
      const request = { open: pull, creditBytes, closed: false, wake: () => undefined };
      requests.set(pull.request, request);
      void serve(request);
    } else if (known !== undefined) {
      if (pull.kind === "credit") known.creditBytes += pull.creditBytes;
      else known.closed = true;
      known.wake();
    }
  }

  stream.on("data", (wire) => {
    const pull = decodeLogPull(wire);
    if (pull.ok) onPull(pull.value);
    else end();
  });
  stream.on("error", end);
  stream.on("end", end);
  void push({ request: 0, incarnation: options.incarnation });
  return { closed, close: end };
}

async function sendLog(
  options: LogStreamOptions,
  request: Request,
  push: (message: Partial<LogPush> & { readonly request: number }) => Promise<void>,
): Promise<void> {
  const { request: id, attempt, stream, follow, offset: from } = request.open;
  const directory = attemptDirectory(options.dataDirectory, attempt);
  if (!existsSync(directory)) throw new Error(`this worker has no logs of ${attempt}`);
  let offset = await resolveOffset(directory, stream, from);
  while (!request.closed) {
    if (request.creditBytes <= 0) {
      await new Promise<void>((resolve) => {
        request.wake = resolve;
        if (request.closed || request.creditBytes > 0) resolve();
      });
      continue;
    }
    // Asked before reading: what is written in between is found by the read.
    const running = options.isRunning(attempt);
    const bytesMax = Math.min(request.creditBytes, chunkBytesMax);
    const chunk = await readLog(directory, stream, offset, bytesMax);
    if (chunk.data.length > 0) {
      request.creditBytes -= chunk.data.length;
      offset = chunk.offset + chunk.data.length;
      const { data, droppedBytes } = chunk;
      await push({ request: id, offset: chunk.offset, data, droppedBytes });
    } else if (follow && running) {
      await sleep(followEveryMs);
    } else {
      return push({ request: id, offset, end: true });
    }
  }
}

function closeRequest(request: Request): void {
  request.closed = true;
  request.wake();
}
