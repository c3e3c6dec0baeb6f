/** What the supervisor answers to an agent, whatever carries their words. One agent at a time. */
import { assert } from "../../core/result.js";
import type { AgentToSupervisor, SupervisorToAgent } from "../ipc/messages.js";
import type { Supervisor } from "./supervisor.js";

export interface AgentDesk {
  /** Tells the agent that is attached, if it has been sent the state that this comes after. */
  emit(message: SupervisorToAgent): void;
  attached(): boolean;
  /** Called with the supervisor once it exists: it needs `emit` before. */
  serve(supervisor: Supervisor, onShutdown: () => void): void;
  /** null: another agent is attached. `reply` is called until `left`. */
  attach(reply: (message: SupervisorToAgent) => void): AttachedAgent | null;
}

export interface AttachedAgent {
  handle(message: AgentToSupervisor): void;
  left(): void;
}

export function createAgentDesk(): AgentDesk {
  let serving: { readonly supervisor: Supervisor; readonly onShutdown: () => void } | null = null;
  let agent: ((message: SupervisorToAgent) => void) | null = null;
  /** False until the state was sent: it has everything that happened before. */
  let listening = false;

  function attach(reply: (message: SupervisorToAgent) => void): AttachedAgent | null {
    assert(serving !== null, "a desk serves a supervisor before an agent comes");
    if (agent !== null) return null;
    const { supervisor, onShutdown } = serving;
    agent = reply;
    const answer = (message: SupervisorToAgent): void => {
      if (agent === reply) reply(message);
    };
    const sendState = async (): Promise<void> => {
      const state = await supervisor.snapshot();
      if (agent !== reply) return;
      reply(state);
      listening = true;
      for (const transfer of supervisor.transfers.pending()) reply({ kind: "transfer", transfer });
    };
    return {
      left() {
        agent = null;
        listening = false;
      },
      handle(message) {
        switch (message.kind) {
          case "attach":
            supervisor.identify(message);
            void sendState();
            return;
          case "snapshot":
            void sendState();
            return;
          case "commands": {
            const { launches, stops, token } = message;
            void supervisor.take(launches, stops).then(() => answer({ kind: "taken", token }));
            return;
          }
          case "hold": {
            const { attempt, paused } = message;
            void supervisor.hold(attempt, paused).then((result) => {
              const error = result.ok ? null : result.error;
              answer({ kind: "held", attempt, paused, error });
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
      },
    };
  }

  return {
    emit(message) {
      if (listening) agent?.(message);
    },
    attached: () => agent !== null,
    serve(supervisor, onShutdown) {
      serving = { supervisor, onShutdown };
    },
    attach,
  };
}
