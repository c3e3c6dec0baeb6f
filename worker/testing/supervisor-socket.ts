/** Speaks with a supervisor as an agent does, one answer at a time. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { noResources } from "../../core/resources.js";
import { encodeFrame, readFrames } from "../ipc/frames.js";
import {
  type AgentToSupervisor,
  protocolVersion,
  type SupervisorState,
  type SupervisorToAgent,
} from "../ipc/messages.js";
import { supervisorSocketPath } from "../ipc/paths.js";

interface SupervisorSocket {
  readonly state: SupervisorState;
  /** Returns the next message of that kind. */
  ask(message: AgentToSupervisor, answer: SupervisorToAgent["kind"]): Promise<SupervisorToAgent>;
  /** As an agent's death does it. */
  destroy(): Promise<void>;
}

/** A supervisor takes a moment to see that the agent before has gone, and is busy until then. */
export async function openSupervisorSocket(dataDirectory: string): Promise<SupervisorSocket> {
  for (let tries = 0; tries < 100; tries += 1) {
    const opened = await open(dataDirectory).catch(() => null);
    if (opened !== null) return opened;
    await sleep(20);
  }
  throw new Error("the supervisor takes nobody in");
}

async function open(dataDirectory: string): Promise<SupervisorSocket> {
  const socket = connect(supervisorSocketPath(dataDirectory));
  const waiting = new Map<string, (message: SupervisorToAgent) => void>();
  readFrames<SupervisorToAgent>(
    socket,
    (messages) => {
      for (const message of messages) {
        waiting.get(message.kind)?.(message);
        waiting.delete(message.kind);
      }
    },
    () => socket.destroy(),
  );
  const ask: SupervisorSocket["ask"] = (message, answer) =>
    new Promise((resolve, reject) => {
      waiting.set(answer, resolve);
      socket.once("close", () => reject(new Error("the supervisor has gone")));
      socket.once("error", reject);
      socket.write(encodeFrame(message));
    });
  const identity = { worker: "w1", capacity: noResources, throttle: null };
  const state = await ask({ kind: "attach", version: protocolVersion, ...identity }, "state");
  if (state.kind !== "state") throw new Error("no state came");
  return {
    state,
    ask,
    destroy: () =>
      new Promise((resolve) => {
        socket.once("close", () => resolve());
        socket.destroy();
      }),
  };
}
