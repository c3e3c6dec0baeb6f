/**
 * One connection to the master: a fresh state from the supervisor, a session that opens with it, and
 * the log stream beside. Ends when the session or the supervisor does.
 */
import type { Clock } from "../../core/clock.js";
import { type AttemptId, type Incarnation, workerId } from "../../core/ids.js";
import type { Heartbeat } from "../../core/session.js";
import { type OfferedFacts, workerFacts } from "../facts.js";
import type { SupervisorState } from "../ipc/messages.js";
import type { WorkerLog } from "../log.js";
import { type MasterStream, Session } from "./session.js";
import type { SupervisorEvent, SupervisorLink } from "./supervisor-link.js";
import type { Carrier } from "./transfers.js";

export interface ConnectionOptions {
  readonly agent: OfferedFacts & { readonly log: WorkerLog };
  readonly clock: Clock;
  readonly heartbeat: () => Heartbeat;
  /** A channel of its own for each connection. */
  readonly dial: () => MasterChannel;
  readonly link: SupervisorLink;
  readonly carrier: Carrier;
  readonly nextToken: () => number;
  readonly onWelcome: () => void;
  readonly onLeave: () => void;
}

export interface MasterChannel {
  session(): MasterStream;
  /** Answers the master's pulls of logs until it is closed. */
  serveLogs(incarnation: Incarnation, isRunning: (attempt: AttemptId) => boolean): LogService;
  close(): void;
}

export interface LogService {
  close(): void;
}

export interface Connection {
  readonly closed: Promise<void>;
  /** Sends what waits and ends the streams. */
  close(): void;
}

/** The supervisor answers in milliseconds; one that does not is hung, and is attached to anew. */
const snapshotTimeoutMs = 10_000;

export const incarnationOf = (name: string, state: SupervisorState): Incarnation => ({
  worker: workerId(name),
  boot: state.boot,
  session: state.session,
  ledger: state.ledger,
});

export function connectMaster(options: ConnectionOptions): Connection {
  const { agent, link, clock } = options;
  const channel = options.dial();
  const running = new Set<AttemptId>();
  let session: Session | null = null;
  let logs: LogService | null = null;
  let finish: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const timer = clock.after(snapshotTimeoutMs, link.close);

  function close(): void {
    timer.clear();
    link.listen(() => undefined);
    session?.close();
    logs?.close();
    channel.close();
    finish();
  }

  function open(state: SupervisorState): Session {
    timer.clear();
    for (const one of state.live) running.add(one.attempt);
    const incarnation = incarnationOf(agent.name, state);
    const opened = new Session({
      stream: channel.session(),
      clock,
      heartbeat: options.heartbeat,
      link,
      state,
      incarnation,
      facts: workerFacts(agent, state),
      log: agent.log,
      nextToken: options.nextToken,
      onLeave: options.onLeave,
      onWelcome: () => {
        options.onWelcome();
        logs ??= channel.serveLogs(incarnation, (attempt) => running.has(attempt));
      },
    });
    void opened.closed.then(close);
    return opened;
  }

  /** In the order of the socket: what comes after the state belongs to the session it opens. */
  function onEvent(event: SupervisorEvent): void {
    if (event.kind === "started") running.add(event.started.attempt);
    if (event.kind === "finished") running.delete(event.finished.attempt);
    // What a worker offers is said in a Hello only, so the next session says it.
    if (event.kind === "drivers_changed") return close();
    if (event.kind === "transfer") return options.carrier.take(event.transfer);
    if (event.kind === "cancel_transfer") return options.carrier.cancel(event.id);
    if (session !== null) session.on(event);
    else if (event.kind === "state") session = open(event);
  }

  link.listen((events) => {
    for (const event of events) onEvent(event);
  });
  void link.closed.then(close);
  link.send({ kind: "snapshot" });
  return { closed, close };
}
