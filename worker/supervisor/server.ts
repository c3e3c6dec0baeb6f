/** The supervisor's end of the socket: one attached agent at a time. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { encodeFrame, readFrames } from "../ipc/frames.js";
import type { AgentToSupervisor, SupervisorToAgent } from "../ipc/messages.js";
import { supervisorSocketPath } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { Supervisor } from "./supervisor.js";

/** An agent that reads nothing while this much waits for it is cut off; it comes back for the state. */
const unreadBytesMax = 64 * 1024 * 1024;

export interface AgentServer {
  emit(message: SupervisorToAgent): void;
  attached(): boolean;
  /** Called with the supervisor once it exists: it needs `emit` before. */
  serve(supervisor: Supervisor, onShutdown: () => void): Promise<void>;
  close(): void;
}

export function createAgentServer(dataDirectory: string, log: WorkerLog): AgentServer {
  const path = supervisorSocketPath(dataDirectory);
  let agent: Socket | null = null;
  /** False until the state was sent: it has everything that happened before. */
  let listening = false;
  let server: Server | null = null;

  function emit(message: SupervisorToAgent): void {
    if (agent !== null && listening) send(agent, message);
  }

  function send(socket: Socket, message: SupervisorToAgent): void {
    socket.write(encodeFrame(message));
    if (socket.writableLength > unreadBytesMax) socket.destroy();
  }

  function accept(socket: Socket, supervisor: Supervisor, onShutdown: () => void): void {
    socket.on("error", () => undefined);
    if (agent !== null) {
      socket.end(encodeFrame({ kind: "busy" } satisfies SupervisorToAgent));
      return;
    }
    agent = socket;
    socket.on("close", () => {
      agent = null;
      listening = false;
    });
    const sendState = async (): Promise<void> => {
      const state = await supervisor.snapshot();
      if (agent !== socket) return;
      send(socket, state);
      listening = true;
      for (const transfer of supervisor.transfers.pending()) {
        send(socket, { kind: "transfer", transfer });
      }
    };
    const handle = (message: AgentToSupervisor): void => {
      switch (message.kind) {
        case "attach":
          supervisor.identify(message);
          void sendState();
          return;
        case "snapshot":
          void sendState();
          return;
        case "commands":
          void supervisor.take(message.launches, message.stops).then(() => {
            if (agent === socket) send(socket, { kind: "taken", token: message.token });
          });
          return;
        case "hold": {
          const { attempt, paused } = message;
          void supervisor.hold(attempt, paused).then((result) => {
            if (agent !== socket) return;
            const error = result.ok ? null : result.error;
            send(socket, { kind: "held", attempt, paused, error });
          });
          return;
        }
        case "welcomed":
          return supervisor.welcomed(message.epoch, message.kill);
        case "renew":
          return supervisor.renew(message.sentAtMonotonicMs);
        case "forget":
          return supervisor.forget(message.attempts);
        case "transferred":
          return supervisor.transfers.done(message.id, message.error);
        case "shutdown":
          return onShutdown();
      }
    };
    readFrames<AgentToSupervisor>(
      socket,
      (messages) => {
        for (const message of messages) handle(message);
      },
      (error) => log.error({ error: messageOf(error) }, "the agent sent a broken frame"),
    );
  }

  return {
    emit,
    attached: () => agent !== null,
    serve(supervisor, onShutdown) {
      // We hold the lock, so a socket that lies here is a dead supervisor's.
      rmSync(path, { force: true });
      return new Promise((resolve, reject) => {
        server = createServer((socket) => accept(socket, supervisor, onShutdown));
        server.once("error", reject);
        server.listen(path, () => {
          chmodSync(path, 0o600);
          resolve();
        });
      });
    },
    close() {
      server?.close();
      agent?.end();
      rmSync(path, { force: true });
    },
  };
}
