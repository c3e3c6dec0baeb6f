/**
 * One connection to the master: a fresh state from the supervisor, a session that opens with it, and
 * the log stream beside. Ends when the session or the supervisor does.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type AttemptId, type Incarnation, workerId } from "../../core/ids.js";
import { WorkerServiceClient } from "../../proto/codec/services.js";
import { channelToMaster, tlsClientOptions } from "../../proto/security/channel.js";
import type { Membership } from "../../proto/security/membership.js";
import { workerClock } from "../clock.js";
import { type OfferedFacts, workerFacts } from "../facts.js";
import type { SupervisorState } from "../ipc/messages.js";
import type { WorkerLog } from "../log.js";
import { heartbeat } from "./heartbeat.js";
import { type LogStream, openLogStream } from "./log-stream.js";
import { Session } from "./session.js";
import type { SupervisorEvent, SupervisorLink } from "./supervisor-link.js";
import type { Carrier } from "./transfers.js";

export interface ConnectionOptions {
  readonly agent: OfferedFacts & {
    readonly dataDirectory: string;
    readonly masterAddress: string;
    readonly membership: Membership | null;
    readonly log: WorkerLog;
  };
  readonly link: SupervisorLink;
  readonly carrier: Carrier;
  readonly nextToken: () => number;
  readonly onWelcome: () => void;
  readonly onLeave: () => void;
}

export interface Connection {
  readonly closed: Promise<void>;
  /** Sends what waits and ends the streams. */
  close(): void;
}

/** The supervisor answers in milliseconds; one that does not is hung, and is attached to anew. */
const snapshotTimeoutMs = 10_000;
const logStreamRetryMs = 1_000;

export const incarnationOf = (name: string, state: SupervisorState): Incarnation => ({
  worker: workerId(name),
  boot: state.boot,
  session: state.session,
});

export function connectMaster(options: ConnectionOptions): Connection {
  const { agent, link } = options;
  const client = createClient(agent);
  const running = new Set<AttemptId>();
  let session: Session | null = null;
  let logs: { close: () => void } | null = null;
  let finish: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const timer = setTimeout(link.close, snapshotTimeoutMs);

  function close(): void {
    clearTimeout(timer);
    link.listen(() => undefined);
    session?.close();
    logs?.close();
    client.close();
    finish();
  }

  function open(state: SupervisorState): Session {
    clearTimeout(timer);
    for (const one of state.live) running.add(one.attempt);
    const incarnation = incarnationOf(agent.name, state);
    const opened = new Session({
      stream: client.session(),
      clock: workerClock,
      heartbeat,
      link,
      state,
      incarnation,
      facts: workerFacts(agent, state),
      log: agent.log,
      nextToken: options.nextToken,
      onLeave: options.onLeave,
      onWelcome: () => {
        options.onWelcome();
        logs ??= serveLogs(options, client, incarnation, (attempt) => running.has(attempt));
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

/** Keeps a log stream open as long as the session lives. */
function serveLogs(
  { agent }: ConnectionOptions,
  client: WorkerServiceClient,
  incarnation: Incarnation,
  isRunning: (attempt: AttemptId) => boolean,
): { close: () => void } {
  let stream: LogStream | null = null;
  let done = false;
  void (async () => {
    while (!done) {
      const { dataDirectory } = agent;
      stream = openLogStream({ client, dataDirectory, incarnation, isRunning });
      await stream.closed;
      if (!done) await sleep(logStreamRetryMs, undefined, { ref: false });
    }
  })();
  return {
    close() {
      done = true;
      stream?.close();
    },
  };
}

/** A channel of its own for each try: the backoff is ours, not one shared inside the library. */
const createClient = ({
  masterAddress,
  membership,
}: ConnectionOptions["agent"]): WorkerServiceClient =>
  new WorkerServiceClient(
    masterAddress,
    channelToMaster(masterAddress, membership?.current() ?? null),
    {
      ...tlsClientOptions,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
    },
  );
