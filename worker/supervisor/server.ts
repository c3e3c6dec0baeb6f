/** The supervisor's end of the socket: one attached agent at a time. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { encodeFrame, readFrames } from "../ipc/frames.js";
import type { AgentToSupervisor, SupervisorToAgent } from "../ipc/messages.js";
import { supervisorSocketPath } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { AgentDesk } from "./agent-desk.js";

/** An agent that reads nothing while this much waits for it is cut off; it comes back for the state. */
const unreadBytesMax = 64 * 1024 * 1024;

export interface AgentServer {
  listen(): Promise<void>;
  close(): void;
}

export function createAgentServer(
  dataDirectory: string,
  desk: AgentDesk,
  log: WorkerLog,
): AgentServer {
  const path = supervisorSocketPath(dataDirectory);
  let attached: Socket | null = null;
  let server: Server | null = null;

  function send(socket: Socket, message: SupervisorToAgent): void {
    socket.write(encodeFrame(message));
    if (socket.writableLength > unreadBytesMax) socket.destroy();
  }

  function accept(socket: Socket): void {
    socket.on("error", () => undefined);
    const agent = desk.attach((message) => send(socket, message));
    if (agent === null) {
      socket.end(encodeFrame({ kind: "busy" } satisfies SupervisorToAgent));
      return;
    }
    attached = socket;
    socket.on("close", () => {
      attached = null;
      agent.left();
    });
    readFrames<AgentToSupervisor>(
      socket,
      (messages) => {
        for (const message of messages) agent.handle(message);
      },
      (error) => log.error({ error: messageOf(error) }, "the agent sent a broken frame"),
    );
  }

  return {
    listen() {
      // We hold the lock, so a socket that lies here is a dead supervisor's.
      rmSync(path, { force: true });
      return new Promise((resolve, reject) => {
        server = createServer(accept);
        server.once("error", reject);
        server.listen(path, () => {
          chmodSync(path, 0o600);
          resolve();
        });
      });
    },
    close() {
      server?.close();
      attached?.end();
      rmSync(path, { force: true });
    },
  };
}
