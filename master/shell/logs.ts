/**
 * Logs are pulled from workers over a stream of their own. This joins a reader of JobService.Logs
 * to the worker that keeps the output, with credit given only as the reader takes bytes, so a log
 * flood stays on its worker.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { AttemptId, WorkerId } from "../../core/ids.js";
import type { LogPull, LogPush, LogStreamName } from "../../core/session.js";
import { toServiceError } from "../../proto/codec/errors.js";
import type { LogPullWire, LogPushWire } from "../../proto/codec/services.js";
import { decodeLogPush, encodeLogPull } from "../../proto/codec/worker.js";
import { mayBeWorker } from "./principal.js";

type Stream = ServerDuplexStream<LogPushWire, LogPullWire>;

export interface LogRequest {
  readonly worker: WorkerId;
  readonly attempt: AttemptId;
  readonly stream: LogStreamName;
  /** Negative: this many bytes before the end. */
  readonly offset: number;
  readonly follow: boolean;
}

export interface LogReader {
  /** Resolves when the bytes were taken; the worker gets its credit back then. */
  readonly chunk: (push: LogPush) => Promise<void>;
  /** Empty: everything was sent. */
  readonly end: (error: string) => void;
}

const creditBytes = 256 * 1024;
const readersPerWorkerMax = 1_000;

export class LogRelay {
  readonly #workers = new Map<WorkerId, WorkerLogs>();

  accept(stream: Stream): void {
    let logs: WorkerLogs | null = null;
    stream.on("data", (wire: LogPushWire) => {
      const push = decodeLogPush(wire);
      if (!push.ok) {
        stream.end();
        return;
      }
      if (push.value.incarnation !== null) {
        const impostor = mayBeWorker(stream.metadata, push.value.incarnation.worker);
        if (impostor !== null) {
          stream.emit("error", toServiceError(impostor));
          return;
        }
        logs?.close("the worker opened another log stream");
        logs = new WorkerLogs(stream);
        this.#workers.get(push.value.incarnation.worker)?.close("the worker connected anew");
        this.#workers.set(push.value.incarnation.worker, logs);
      } else {
        logs?.receive(push.value);
      }
    });
    const gone = (): void => {
      logs?.close("contact with the worker was lost");
      for (const [worker, known] of this.#workers) {
        if (known === logs) this.#workers.delete(worker);
      }
    };
    stream.on("end", () => stream.end());
    stream.on("error", gone);
    stream.on("close", gone);
    stream.on("cancelled", gone);
  }

  /** Returns how to stop reading. */
  open(request: LogRequest, reader: LogReader): () => void {
    const logs = this.#workers.get(request.worker);
    if (logs === undefined) {
      reader.end(`worker ${request.worker} is not connected: its logs stay on it until it returns`);
      return () => {};
    }
    return logs.open(request, reader);
  }
}

class WorkerLogs {
  readonly #stream: Stream;
  readonly #readers = new Map<number, LogReader>();
  #next = 1;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  open({ attempt, stream, offset, follow }: LogRequest, reader: LogReader): () => void {
    if (this.#readers.size >= readersPerWorkerMax) {
      reader.end(`more than ${readersPerWorkerMax} readers follow logs of this worker`);
      return () => {};
    }
    const request = this.#next++;
    this.#readers.set(request, reader);
    this.#write({ kind: "open", request, attempt, stream, offset, follow, creditBytes });
    return () => {
      if (this.#readers.delete(request)) this.#write({ kind: "close", request });
    };
  }

  receive(push: LogPush): void {
    const { request, data, end, error } = push;
    const reader = this.#readers.get(request);
    if (reader === undefined) return;
    if (end || error !== "") this.#readers.delete(request);
    void this.#forward(reader, push)
      .then(() => {
        if (end || error !== "") reader.end(error);
        else this.#write({ kind: "credit", request, creditBytes: data.length });
      })
      .catch((cause: unknown) => reader.end(String(cause)));
  }

  close(reason: string): void {
    for (const reader of this.#readers.values()) reader.end(reason);
    this.#readers.clear();
  }

  async #forward(reader: LogReader, push: LogPush): Promise<void> {
    if (push.data.length > 0) await reader.chunk(push);
  }

  #write(pull: LogPull): void {
    this.#stream.write(encodeLogPull(pull));
  }
}
