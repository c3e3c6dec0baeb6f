/** JobService.Watch: a stream of changes that goes as fast as its reader and not faster. */
import type { ServerWritableStream } from "@grpc/grpc-js";
import { fromServiceError, toServiceError } from "../../proto/codec/errors.js";
import type { WatchRequest, WatchResponse } from "../../proto/codec/services.js";
import { encodeWatchEvent } from "../../proto/codec/views.js";
import type { History } from "../history/history.js";
import type { Engine } from "./engine.js";
import type { Watcher, Watches } from "./watches.js";

export interface WatchOptions {
  readonly engine: Engine;
  readonly watches: Watches;
  readonly history: History;
}

type Call = ServerWritableStream<WatchRequest, WatchResponse>;

export async function streamWatch(
  { engine, watches, history }: WatchOptions,
  call: Call,
): Promise<void> {
  const { jobId, afterSequence } = call.request;
  let gone = false;
  call.on("cancelled", () => {
    gone = true;
  });
  const found = jobId === "" ? null : await history.locate(jobId);
  if (gone) return;
  if (found !== null && !found.ok) {
    call.emit("error", toServiceError(found.error));
    return;
  }
  // Nothing happens any more to a job in the archive. It is told once, and the call stays open like
  // one for a finished job in memory: its caller ends it.
  if (found !== null && found.value.archived !== null) {
    for (const event of watches.whole(found.value.job)) {
      if (!call.write(encodeWatchEvent(event))) await drained(call);
    }
    return;
  }
  let pumping = false;
  let again = false;
  let closed = false;
  const pump = async (): Promise<void> => {
    if (pumping) {
      again = true;
      return;
    }
    pumping = true;
    do {
      again = false;
      const events = watches.take(watcher);
      await engine.durable();
      for (const event of events) {
        if (closed) return;
        if (!call.write(encodeWatchEvent(event))) await drained(call);
      }
    } while (again && !closed);
    pumping = false;
  };
  const watcher: Watcher = {
    job: found?.value.job.id ?? null,
    wake: () =>
      void pump().catch((error: unknown) =>
        call.emit("error", toServiceError(fromServiceError(error))),
      ),
  };
  const close = (): void => {
    closed = true;
    watches.close(watcher);
  };
  call.on("cancelled", close);
  call.on("close", close);
  call.on("error", close);
  watches.open(watcher, afterSequence);
}

export function drained(call: {
  once(event: string, listener: () => void): unknown;
}): Promise<void> {
  return new Promise((resolve) => {
    call.once("drain", resolve);
    call.once("close", resolve);
    call.once("cancelled", resolve);
  });
}
