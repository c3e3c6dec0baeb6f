/**
 * The agent of a worker: finds or starts the supervisor, keeps a session with the master, and serves
 * logs. It holds nothing that cannot be lost: everything it says comes from the supervisor's state,
 * so it may be killed at any instant and started again.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Incarnation } from "../core/ids.js";
import type { Device, Resources } from "../core/resources.js";
import { assert } from "../core/result.js";
import type { WorkerFacts } from "../core/worker.js";
import { openBlobDirectory } from "../data/blob-directory.js";
import type { Membership } from "../proto/security/membership.js";
import { createBackoff } from "./agent/backoff.js";
import { type Connection, connectMaster, incarnationOf } from "./agent/connection.js";
import { heartbeat } from "./agent/heartbeat.js";
import { dialMaster } from "./agent/master-channel.js";
import { storeAccess } from "./agent/store.js";
import { attachSupervisor, type SupervisorLink } from "./agent/supervisor-link.js";
import { createCarrier } from "./agent/transfers.js";
import { workerClock } from "./clock.js";
import { workerFacts } from "./facts.js";
import { type GpuOptions, watchGpus } from "./gpus.js";
import { protocolVersion } from "./ipc/messages.js";
import { cacheDirectory } from "./ipc/paths.js";
import type { SupervisorArguments } from "./supervisor/start.js";

export interface AgentOptions {
  readonly name: string;
  readonly dataDirectory: string;
  /** `host:port`. */
  readonly masterAddress: string;
  /** The certificate to speak with; absent: plain text, which is for loopback only. */
  readonly membership?: Membership | null;
  readonly capacity: Resources;
  readonly labels: Readonly<Record<string, string>>;
  readonly devices: readonly Device[];
  /** Where to look for GPUs, beside `devices`. Absent: nowhere. */
  readonly gpus?: GpuOptions;
  /** Relative to a reference core; `measureSpeed` finds it out. */
  readonly speed: number;
  /**
   * Emulates a slower node, for development clusters: the cpu limit of every attempt is multiplied
   * by it (0 < throttle <= 1). null: not throttled. Works where the cpu limit is enforced, and on
   * attempts that use all of the cpu they ask for.
   */
  readonly throttle: number | null;
  /** Its name among the cluster's links. Absent: none. */
  readonly link?: string;
  readonly costPerHour?: number;
  /** Arguments by which this very executable becomes a supervisor: its bundle, or a word for it. */
  readonly supervisorEntry: readonly string[];
  readonly log: Logger;
  /** Of content that attempts took in or left. Absent: 16 GiB. */
  readonly cacheBytes?: number;
  /** Where content is, if this worker shares a mount with the master. Absent or null: over the wire. */
  readonly sharedDirectory?: string | null;
  readonly supervisor?: Partial<Omit<SupervisorArguments, "dataDirectory">>;
}

export interface Agent {
  /** Of the supervisor that it is attached to. */
  incarnation(): Incarnation;
  facts(): WorkerFacts;
  supervisorPid(): number;
  /** Resolves when the master has drained this worker and wants it to leave. */
  readonly dismissed: Promise<void>;
  /**
   * Ends the session. With `stopSupervisor` all attempts are stopped as well, with their grace, and
   * it resolves when the supervisor has gone.
   */
  stop(options: { readonly stopSupervisor: boolean }): Promise<void>;
}

const supervisorDefaults = {
  idleExitMs: 60_000,
  retainedAttemptsMax: 1_000,
  retainedBytesMax: 8 * 1024 * 1024 * 1024,
  docker: null,
  kvm: null,
};

const cacheBytesDefault = 16 * 1024 ** 3;

/** Starts of a supervisor that may fail before the agent gives up. */
const startsMax = 3;
const reconnectFirstMs = 100;
const reconnectMaxMs = 2_000;

/**
 * Resolves once a supervisor is attached; the master is looked for from then on, for ever. Rejects
 * if a supervisor cannot be started, with where to read why.
 */
export async function startAgent(given: AgentOptions): Promise<Agent> {
  const { throttle } = given;
  assert(throttle === null || (throttle > 0 && throttle <= 1), "throttle: 0 < t <= 1");
  mkdirSync(given.dataDirectory, { recursive: true, mode: 0o700 });
  // One spelling of the path: it is how the attempts of an earlier supervisor are found.
  const options = { ...given, dataDirectory: realpathSync(given.dataDirectory) };
  const abort = new AbortController();
  const backoff = createBackoff(reconnectFirstMs, reconnectMaxMs);
  let token = 0;
  const nextToken = (): number => {
    token += 1;
    return token;
  };
  let connection: Connection | null = null;
  let dismiss: () => void = () => undefined;
  const dismissed = new Promise<void>((resolve) => {
    dismiss = resolve;
  });
  const gpus = given.gpus && (await watchGpus(given.gpus, given.log, () => connection?.close()));
  /** As they are now: the next Hello says so. */
  const offered = (): AgentOptions => ({
    ...options,
    devices: [...options.devices, ...(gpus?.devices() ?? [])],
  });
  const cache = await openBlobDirectory(cacheDirectory(options.dataDirectory), { bytesMax: null });
  const access = storeAccess({
    name: options.name,
    masterAddress: options.masterAddress,
    membership: options.membership ?? null,
    sharedDirectory: options.sharedDirectory ?? null,
  });
  let link = await attach(options, abort.signal, startsMax);

  /** One link to a supervisor, with as many sessions as it takes, until the supervisor goes. */
  async function serveLink(current: SupervisorLink): Promise<void> {
    let gone = false;
    const closed = current.closed.then(() => {
      gone = true;
    });
    const carrier = createCarrier({
      cache,
      cacheBytes: options.cacheBytes ?? cacheBytesDefault,
      store: access.store,
      done: (id, error) => current.send({ kind: "transferred", id, error }),
      log: options.log,
    });
    while (!gone && !abort.signal.aborted) {
      connection = connectMaster({
        agent: offered(),
        clock: workerClock,
        heartbeat,
        dial: () => dialMaster({ ...options, membership: options.membership ?? null }),
        link: current,
        carrier,
        nextToken,
        onWelcome: backoff.reset,
        onLeave: dismiss,
      });
      await connection.closed;
      connection = null;
      if (abort.signal.aborted) break;
      const delay = sleep(backoff.nextMs(), undefined, { signal: abort.signal });
      await Promise.race([delay.catch(() => undefined), closed]);
    }
    await closed;
    carrier.close();
  }

  const loop = (async () => {
    while (!abort.signal.aborted) {
      await serveLink(link);
      if (abort.signal.aborted) return;
      options.log.warn({}, "the supervisor has gone, starting another one");
      const next = await attach(options, abort.signal, Number.POSITIVE_INFINITY).catch(() => null);
      if (next !== null) link = next;
    }
  })();

  return {
    incarnation: () => incarnationOf(options.name, link.state),
    facts: () => workerFacts(offered(), link.state),
    supervisorPid: () => link.state.pid,
    dismissed,
    async stop({ stopSupervisor }) {
      abort.abort();
      gpus?.close();
      if (stopSupervisor) {
        // The session stays open meanwhile, so that the master hears how the attempts end.
        link.send({ kind: "shutdown" });
        await link.closed;
      }
      connection?.close();
      link.close();
      await loop;
      access.close();
    },
  };
}

function attach(
  options: AgentOptions,
  signal: AbortSignal,
  failuresMax: number,
): Promise<SupervisorLink> {
  const { name, dataDirectory, capacity, throttle, supervisorEntry, log } = options;
  return attachSupervisor({
    supervisorEntry,
    supervisor: { dataDirectory, ...supervisorDefaults, ...options.supervisor },
    attach: { kind: "attach", version: protocolVersion, worker: name, capacity, throttle },
    log,
    signal,
    failuresMax,
  });
}
