/**
 * JobService.Logs: the output of an attempt, from the worker that keeps it; where that has gone, from
 * what the master has kept of it.
 */
import type { ServerWritableStream } from "@grpc/grpc-js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LogStreamName } from "../../core/session.js";
import { toServiceError } from "../../proto/codec/errors.js";
import {
  decodeLogsQuery,
  encodeLogChunk,
  type LogChunk,
  type LogsQuery,
} from "../../proto/codec/requests.js";
import type { LogsRequest, LogsResponse } from "../../proto/codec/services.js";
import type { History } from "../history/history.js";
import type { Attempt } from "../pure/state.js";
import { drained } from "./job-watch.js";
import type { LogCache } from "./log-cache.js";
import type { LogRelay } from "./logs.js";

type Call = ServerWritableStream<LogsRequest, LogsResponse>;

export interface LogsOptions {
  readonly history: History;
  readonly logs: LogRelay;
  readonly logCache: LogCache;
}

export async function streamLogs(
  { history, logs, logCache }: LogsOptions,
  call: Call,
): Promise<void> {
  const query = decodeLogsQuery(call.request);
  if (!query.ok) {
    call.emit("error", toServiceError(query.error));
    return;
  }
  let gone = false;
  call.on("cancelled", () => {
    gone = true;
  });
  const found = await chooseAttempt(history, query.value);
  if (gone) return;
  if (!found.ok) {
    call.emit("error", toServiceError(found.error));
    return;
  }
  const { stream: only, follow, tailBytes } = query.value;
  const { worker, id: attempt } = found.value;
  const streams: LogStreamName[] = only === null ? ["stdout", "stderr"] : [only];
  let open = streams.length;
  const ended = (error: string): void => {
    if (error === "") {
      open--;
      if (open === 0) call.end();
      return;
    }
    call.emit("error", toServiceError({ code: "unavailable", message: error, violations: [] }));
  };
  const write = async (chunk: Omit<LogChunk, "attempt">): Promise<void> => {
    const room = call.write(encodeLogChunk({ attempt, ...chunk }));
    if (!room) await drained(call);
  };
  const closers = streams.map((stream) => {
    let begun = false;
    const request = {
      worker,
      attempt,
      stream,
      offset: tailBytes === null ? 0 : -tailBytes,
      follow,
    };
    return logs.open(request, {
      chunk: async ({ offset, data, droppedBytes }) => {
        begun = true;
        // Written at once: the end may follow before anything has been waited for.
        const written = write({ stream, offset, data, droppedBytes, note: "" });
        await Promise.all([written, logCache.add(attempt, stream, offset, data)]);
      },
      end: (error) => {
        if (error === "" || begun) return ended(error);
        void readKept(stream, error).then(ended);
      },
    });
  });

  /** Answers from the master's own copy; `why` the worker does not, where there is none. */
  async function readKept(stream: LogStreamName, why: string): Promise<string> {
    const kept = await logCache.read(attempt, stream);
    if (kept === null) return why;
    const skipped = Math.max(0, kept.data.length - (tailBytes ?? kept.data.length));
    const offset = kept.offset + skipped;
    const droppedBytes = tailBytes === null ? offset : 0;
    const note = `${why}; this is what the master has kept of it`;
    await write({ stream, offset, data: kept.data.subarray(skipped), droppedBytes, note });
    return "";
  }

  const close = (): void => {
    for (const closer of closers) closer();
  };
  call.on("cancelled", close);
  call.on("close", close);
}

async function chooseAttempt(history: History, query: LogsQuery): Promise<Result<Attempt>> {
  const located = await history.locateTask(query.task);
  if (!located.ok) return located;
  const { attempts, entry } = located.value.task;
  const { attemptNumber } = query;
  const attempt = attemptNumber === null ? attempts.at(-1) : attempts[attemptNumber - 1];
  if (attempt !== undefined) return ok(attempt);
  return fail(
    "not_found",
    attempts.length === 0
      ? `task ${entry.name} has not run yet`
      : `task ${entry.name} has ${attempts.length} attempts, none with number ${attemptNumber}`,
  );
}
