/** JobService.Logs: the output of an attempt, from the worker that keeps it. */
import type { ServerWritableStream } from "@grpc/grpc-js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LogStreamName } from "../../core/session.js";
import { toServiceError } from "../../proto/codec/errors.js";
import { decodeLogsQuery, encodeLogChunk, type LogsQuery } from "../../proto/codec/requests.js";
import type { LogsRequest, LogsResponse } from "../../proto/codec/services.js";
import type { Attempt, State } from "../pure/state.js";
import type { Engine } from "./engine.js";
import { drained } from "./job-watch.js";
import type { LogRelay } from "./logs.js";
import { findTaskByPath } from "./lookup.js";

type Call = ServerWritableStream<LogsRequest, LogsResponse>;

export function streamLogs(
  { engine, logs }: { readonly engine: Engine; readonly logs: LogRelay },
  call: Call,
): void {
  const query = decodeLogsQuery(call.request);
  if (!query.ok) {
    call.emit("error", toServiceError(query.error));
    return;
  }
  const found = chooseAttempt(engine.state, query.value);
  if (!found.ok) {
    call.emit("error", toServiceError(found.error));
    return;
  }
  const { stream: only, follow, tailBytes } = query.value;
  const attempt = found.value;
  const streams: LogStreamName[] = only === null ? ["stdout", "stderr"] : [only];
  let open = streams.length;
  const closers = streams.map((stream) =>
    logs.open(
      {
        worker: attempt.worker,
        attempt: attempt.id,
        stream,
        offset: tailBytes === null ? 0 : -tailBytes,
        follow,
      },
      {
        chunk: async ({ offset, data, droppedBytes }) => {
          const chunk = { attempt: attempt.id, stream, offset, data, droppedBytes };
          const room = call.write(encodeLogChunk(chunk));
          if (!room) await drained(call);
        },
        end: (error) => {
          if (error !== "") {
            call.emit(
              "error",
              toServiceError({ code: "unavailable", message: error, violations: [] }),
            );
            return;
          }
          open--;
          if (open === 0) call.end();
        },
      },
    ),
  );
  const close = (): void => {
    for (const closer of closers) closer();
  };
  call.on("cancelled", close);
  call.on("close", close);
}

function chooseAttempt(state: State, query: LogsQuery): Result<Attempt> {
  const task = findTaskByPath(state, query.task);
  if (!task.ok) return task;
  const { attempts, entry } = task.value;
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
