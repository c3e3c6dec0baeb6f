/**
 * A master for tests: a real gRPC server that speaks WorkerService, records what workers say, and
 * sends what the test tells it to. It decides nothing, but acknowledges by itself unless told not to.
 */
import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { AttemptId } from "../../core/ids.js";
import type {
  AttemptFinished,
  AttemptStarted,
  Hello,
  Launch,
  LaunchRefused,
  LogPull,
  LogPush,
  MasterMessage,
  Stop,
  Welcome,
  WorkerMessage,
} from "../../core/session.js";
import type {
  LogPullWire,
  LogPushWire,
  MasterMessageWire,
  WorkerMessageWire,
} from "../../proto/codec/services.js";
import { WorkerServiceService } from "../../proto/codec/services.js";
import {
  decodeLogPush,
  decodeWorkerMessage,
  encodeLogPull,
  encodeMasterMessage,
} from "../../proto/codec/worker.js";

export interface RecordingMaster {
  readonly address: string;
  readonly hellos: Hello[];
  readonly messages: WorkerMessage[];
  readonly started: AttemptStarted[];
  readonly finished: AttemptFinished[];
  readonly refused: LaunchRefused[];
  readonly logs: LogPush[];
  /** Of the next welcomes. */
  welcome: Welcome;
  /** Whether it acknowledges what it gets. */
  acknowledging: boolean;
  launch(...launches: Launch[]): void;
  stop(...stops: Stop[]): void;
  pull(pull: LogPull): void;
  sessionOpen(): boolean;
  /** Breaks the session, as a lost network does. */
  disconnect(): void;
  waitFor<T>(
    what: string,
    find: () => T | undefined | null | false,
    timeoutMs?: number,
  ): Promise<T>;
  finishOf(attempt: AttemptId, timeoutMs?: number): Promise<AttemptFinished>;
  startOf(attempt: AttemptId, timeoutMs?: number): Promise<AttemptStarted>;
  close(): Promise<void>;
}

const defaultWelcome: Welcome = {
  epoch: 1,
  heartbeatIntervalMs: 50,
  silenceLimitMs: 10_000,
  keep: [],
  kill: [],
};

export async function startRecordingMaster(port = 0): Promise<RecordingMaster> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const waiters = new Set<() => void>();
  let session: ServerDuplexStream<WorkerMessageWire, MasterMessageWire> | null = null;
  let logStream: ServerDuplexStream<LogPushWire, LogPullWire> | null = null;
  let sequence = 0;
  let received = 0;

  const send = (part: Partial<MasterMessage>): void => {
    sequence += 1;
    const message: MasterMessage = {
      sequence,
      acknowledged: master.acknowledging ? received : 0,
      welcome: null,
      launches: [],
      stops: [],
      leave: false,
      ...part,
    };
    session?.write(encodeMasterMessage(message));
  };

  function onMessage(message: WorkerMessage): void {
    master.messages.push(message);
    received = message.sequence;
    master.started.push(...message.started);
    master.finished.push(...(message.hello?.unacknowledged ?? []), ...message.finished);
    master.refused.push(...message.refused);
    if (message.hello !== null) {
      master.hellos.push(message.hello);
      send({ welcome: master.welcome });
    } else if (master.acknowledging) {
      send({});
    }
    for (const wake of [...waiters]) wake();
  }

  server.addService(WorkerServiceService, {
    session(call: ServerDuplexStream<WorkerMessageWire, MasterMessageWire>) {
      session = call;
      sequence = 0;
      received = 0;
      call.on("data", (wire: WorkerMessageWire) => {
        const message = decodeWorkerMessage(wire);
        if (!message.ok) throw new Error(message.error.message);
        if (session === call) onMessage(message.value);
      });
      call.on("error", () => undefined);
      call.on("end", () => call.end());
      call.on("close", () => {
        if (session === call) session = null;
      });
    },
    logs(call: ServerDuplexStream<LogPushWire, LogPullWire>) {
      logStream = call;
      call.on("data", (wire: LogPushWire) => {
        const push = decodeLogPush(wire);
        if (!push.ok) throw new Error(push.error.message);
        master.logs.push(push.value);
        for (const wake of [...waiters]) wake();
      });
      call.on("error", () => undefined);
      call.on("end", () => call.end());
    },
  });

  async function waitFor<T>(
    what: string,
    find: () => T | undefined | null | false,
    timeoutMs = 5_000,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = find();
      if (found !== undefined && found !== null && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 20);
        function done(): void {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        }
        waiters.add(done);
      });
    }
  }

  const boundPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });

  const master: RecordingMaster = {
    address: `127.0.0.1:${boundPort}`,
    hellos: [],
    messages: [],
    started: [],
    finished: [],
    refused: [],
    logs: [],
    welcome: defaultWelcome,
    acknowledging: true,
    launch: (...launches) => send({ launches }),
    stop: (...stops) => send({ stops }),
    pull: (pull) => logStream?.write(encodeLogPull(pull)),
    sessionOpen: () => session !== null,
    disconnect() {
      session?.emit("error", { code: status.UNAVAILABLE, details: "cut by the test" });
      session = null;
    },
    waitFor,
    finishOf: (attempt, timeoutMs) =>
      waitFor(
        `the end of ${attempt}`,
        () => master.finished.find((one) => one.attempt === attempt),
        timeoutMs,
      ),
    startOf: (attempt, timeoutMs) =>
      waitFor(
        `the start of ${attempt}`,
        () => master.started.find((one) => one.attempt === attempt),
        timeoutMs,
      ),
    async close() {
      server.forceShutdown();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return master;
}
