/** The unix socket between agent and supervisor: in order, without loss, closed when either side dies. */
import type { SupervisorEvent, SupervisorLink } from "../../worker/agent/supervisor-link.js";
import type {
  AgentToSupervisor,
  SupervisorState,
  SupervisorToAgent,
} from "../../worker/ipc/messages.js";
import type { AgentDesk } from "../../worker/supervisor/agent-desk.js";
import type { SimulatedProcess } from "../world/machine.js";

/** What is done with a message on its way in. */
export type Pass = (
  message: AgentToSupervisor,
  handle: (message: AgentToSupervisor) => void,
) => void;

interface Attachment {
  readonly agent: SimulatedProcess;
  readonly supervisor: SimulatedProcess;
  readonly desk: AgentDesk;
  readonly hello: AgentToSupervisor;
  readonly pass: Pass;
}

/** null: another agent is attached, or the supervisor went. */
export function attach(attachment: Attachment): Promise<SupervisorLink | null> {
  const { agent, supervisor, desk, hello, pass } = attachment;
  const { time } = agent.machine;
  return new Promise((resolve) => {
    let listener: (events: readonly SupervisorEvent[]) => void = () => undefined;
    let isOpen = true;
    let settle: () => void = () => undefined;
    const closed = new Promise<void>((done) => {
      settle = done;
    });
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      time.at(time.nowMs, () => supervisor.deliver(() => attached?.left()));
      time.at(time.nowMs, () =>
        agent.deliver(() => {
          settle();
          resolve(null);
        }),
      );
    };
    const toAgent = (message: SupervisorToAgent): void => {
      time.at(time.nowMs, () =>
        agent.deliver(() => {
          if (!isOpen || message.kind === "busy") return;
          listener([message]);
          if (message.kind === "state") resolve(linkWith(message));
        }),
      );
    };
    const attached = desk.attach(toAgent);
    if (attached === null) return resolve(null);
    const send = (message: AgentToSupervisor): void => {
      time.at(time.nowMs, () =>
        supervisor.deliver(() => {
          if (isOpen) pass(message, attached.handle);
        }),
      );
    };
    const linkWith = (state: SupervisorState): SupervisorLink => ({
      state,
      send,
      listen(next) {
        listener = next;
      },
      closed,
      close,
    });
    agent.onEnd(close);
    supervisor.onEnd(close);
    send(hello);
  });
}
