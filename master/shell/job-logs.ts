/** JobService.Logs: the output of an attempt, from the worker that keeps it. */
import type { ServerWritableStream } from "@grpc/grpc-js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LogStreamName } from "../../core/session.js";
import { toServiceError } from "../../proto/codec/errors.js";
import type { LogsRequest, LogsResponse } from "../../proto/codec/services.js";
import { logStreamNumbers, logStreamWords } from "../../proto/codec/worker.js";
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
  const found = chooseAttempt(engine.state, call.request);
  if (!found.ok) {
    call.emit("error", toServiceError(found.error));
    return;
  }
  const attempt = found.value;
  const word = logStreamWords.get(call.request.stream);
  const streams: LogStreamName[] = word === undefined ? ["stdout", "stderr"] : [word];
  let open = streams.length;
  const closers = streams.map((stream) =>
    logs.open(
      {
        worker: attempt.worker,
        attempt: attempt.id,
        stream,
        offset: call.request.tailBytes === undefined ? 0 : -call.request.tailBytes,
        follow: call.request.follow,
      },
      {
        chunk: async ({ offset, data, droppedBytes }) => {
          const room = call.write({
            stream: logStreamNumbers[stream],
            offset,
            data: Buffer.from(data),
            droppedBytes,
            attemptId: attempt.id,
          });
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

function chooseAttempt(state: State, request: LogsRequest): Result<Attempt> {
  const task = findTaskByPath(state, request.taskId);
  if (!task.ok) return task;
  const { attempts, entry } = task.value;
  const attempt = request.attempt === 0 ? attempts.at(-1) : attempts[request.attempt - 1];
  if (attempt !== undefined) return ok(attempt);
  return fail(
    "not_found",
    attempts.length === 0
      ? `task ${entry.name} has not run yet`
      : `task ${entry.name} has ${attempts.length} attempts, none with number ${request.attempt}`,
  );
}
