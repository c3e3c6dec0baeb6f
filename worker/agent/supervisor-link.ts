/** The agent's end of the socket: finds the supervisor, or starts one, and attaches to it. */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrame, readFrames } from "../ipc/frames.js";
import type { AgentToSupervisor, SupervisorState, SupervisorToAgent } from "../ipc/messages.js";
import { protocolVersion } from "../ipc/messages.js";
import { supervisorLogPath, supervisorSocketPath } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import { type SupervisorArguments, startSupervisor } from "../supervisor/start.js";

export type SupervisorEvent = Exclude<SupervisorToAgent, { kind: "busy" }>;

export interface SupervisorLink {
  /** As it was when the agent attached. */
  readonly state: SupervisorState;
  send(message: AgentToSupervisor): void;
  /** Events of one read together, in order; replaces the listener before. */
  listen(listener: (events: readonly SupervisorEvent[]) => void): void;
  readonly closed: Promise<void>;
  close(): void;
}

export interface LinkOptions {
  readonly supervisorEntry: readonly string[];
  readonly supervisor: SupervisorArguments;
  readonly attach: Extract<AgentToSupervisor, { kind: "attach" }>;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
  /** So many supervisors may end with an error before this gives up. */
  readonly failuresMax: number;
}

const connectEveryMs = 15;
/** A Node process takes 50 ms to start on an idle host, and seconds on a choked one. */
const startEveryMs = 3_000;
const exitedRetryMs = 200;
const busyRetryMs = 250;
const unsentBytesMax = 256 * 1024 * 1024;
const stateTimeoutMs = 10_000;

/** Goes on until it is attached; rejects when `signal` is aborted or no supervisor comes to be. */
export async function attachSupervisor(options: LinkOptions): Promise<SupervisorLink> {
  const { dataDirectory } = options.supervisor;
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const socket = await tryConnect(dataDirectory);
    if (failures >= options.failuresMax) {
      socket?.destroy();
      throw new Error(`the supervisor does not start, see ${supervisorLogPath(dataDirectory)}`);
    }
    if (socket === null) {
      if (Date.now() - startedAtMs >= startEveryMs) {
        startedAtMs = Date.now();
        options.log.info({ entry: options.supervisorEntry }, "starting a supervisor");
        startSupervisor(options.supervisorEntry, options.supervisor, (code) => {
          startedAtMs = Date.now() - startEveryMs + exitedRetryMs;
          // Killed by a signal, or the one before it still held the lock.
          if (code === null || code === 0) return;
          failures += 1;
          options.log.error({ code, log: supervisorLogPath(dataDirectory) }, "supervisor failed");
        });
      }
      await sleep(connectEveryMs, undefined, { signal: options.signal });
      continue;
    }
    try {
      return await attach(socket, options.attach);
    } catch (error) {
      socket.destroy();
      options.log.warn({ error: messageOf(error) }, "cannot attach to the supervisor");
      await sleep(busyRetryMs, undefined, { signal: options.signal });
    }
  }
}

function tryConnect(dataDirectory: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(supervisorSocketPath(dataDirectory));
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

async function attach(
  socket: Socket,
  message: Extract<AgentToSupervisor, { kind: "attach" }>,
): Promise<SupervisorLink> {
  let listener: (events: readonly SupervisorEvent[]) => void = () => undefined;
  let answer: (state: SupervisorState | Error) => void = () => undefined;
  const answered = new Promise<SupervisorState | Error>((resolve) => {
    answer = resolve;
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      answer(new Error("the supervisor has gone"));
      resolve();
    });
  });
  readFrames<SupervisorToAgent>(
    socket,
    (messages) => {
      const events: SupervisorEvent[] = [];
      for (const one of messages) {
        if (one.kind === "busy") answer(new Error("another agent is attached to it"));
        else events.push(one);
        if (one.kind === "state") answer(one);
      }
      if (events.length > 0) listener(events);
    },
    () => socket.destroy(),
  );
  const send = (one: AgentToSupervisor): void => {
    if (socket.destroyed) return;
    socket.write(encodeFrame(one));
    // A supervisor that takes nothing is hung: what it was sent is in no Hello, so nothing is lost.
    if (socket.writableLength > unsentBytesMax) socket.destroy();
  };
  send(message);
  const timer = setTimeout(() => socket.destroy(), stateTimeoutMs);
  const state = await answered.finally(() => clearTimeout(timer));
  if (state instanceof Error) throw state;
  if (state.version !== protocolVersion) {
    throw new Error(`it speaks version ${state.version}, this agent ${protocolVersion}`);
  }
  return {
    state,
    send,
    listen(next) {
      listener = next;
    },
    closed,
    close: () => socket.destroy(),
  };
}
