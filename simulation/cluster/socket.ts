/** The unix socket between agent and supervisor: in order, without loss, closed when either dies. */
import type { SupervisorEvent, SupervisorLink } from "../../worker/agent/supervisor-link.js";
import type {
  AgentToSupervisor,
  SupervisorState,
  SupervisorToAgent,
} from "../../worker/ipc/messages.js";
import type { AgentDesk } from "../../worker/supervisor/agent-desk.js";
import type { SimulatedProcess } from "../world/machine.js";

/** null: another agent is attached, or the supervisor went. */
export function attach(
  agent: SimulatedProcess,
  supervisor: SimulatedProcess,
  desk: AgentDesk,
  hello: AgentToSupervisor,
): Promise<SupervisorLink | null> {
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
          if (isOpen) attached.handle(message);
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
