/**
 * The Docker daemon as a driver may rely on it: it may be absent, die, hang and come back. A call
 * that found nobody is made again until it finds somebody or its deadline has passed; only an answer
 * of the daemon is an answer (nomad#1859: a lost connection was taken for the end of a container).
 */
import { setMaxListeners } from "node:events";
import { existsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { DriverFacts, Enforcement } from "../../../core/worker.js";
import type { DriverStanding } from "../../driver.js";
import { messageOf, type WorkerLog } from "../../log.js";

export interface DaemonOptions {
  readonly socket: string;
  readonly log: WorkerLog;
  /** Told when it went or came back. */
  readonly onChange: () => void;
  /** Told whenever it has come back, and at first: there may be something to clear away. */
  readonly onBack: (docker: Docker) => void;
  readonly probeEveryMs?: number;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** The daemon may take as long as it likes; otherwise a call that hangs is made again. */
  readonly long?: boolean;
}

export interface Daemon {
  standing(): DriverStanding;
  call<T>(work: (docker: Docker) => Promise<T>, options?: CallOptions): Promise<T>;
  close(): void;
}

const probeDefaultMs = 30_000;
const socketEveryMs = 1_000;
const probeTimeoutMs = 5_000;
/** A supervisor's start waits no longer for a daemon that hangs. */
const firstProbeMs = 1_000;
/** An answer cut off by the daemon's death may never come to its end. */
const callTimeoutMs = 30_000;
const retryFirstMs = 50;
const retryMaxMs = 1_000;

export async function connectDaemon(options: DaemonOptions): Promise<Daemon> {
  const { socket, log } = options;
  const closed = new AbortController();
  // Every call that waits for the daemon listens.
  setMaxListeners(0, closed.signal);
  let docker: Docker | null = null;
  let standing = unavailable("not yet probed");
  let begun = false;
  let probing: Promise<void> | null = null;

  async function client(): Promise<Docker> {
    if (docker !== null) return docker;
    if (!existsSync(socket)) throw new Error(`no Docker daemon at ${socket}`);
    // Only now: it takes longer to load than all the rest of a supervisor.
    const { default: Client } = await import("dockerode");
    docker ??= new Client({ socketPath: socket });
    return docker;
  }

  async function examine(): Promise<DriverStanding> {
    try {
      const found = await client();
      const info: DaemonInfo = await Promise.race([found.info(), noAnswer(probeTimeoutMs)]);
      return { kind: "available", facts: factsOf(info) };
    } catch (error) {
      const why = messageOf(error);
      return unavailable(why.includes(socket) ? why : `${socket}: ${why}`);
    }
  }

  async function probe(): Promise<void> {
    const before = standing;
    const after = await examine();
    if (closed.signal.aborted) return;
    standing = after;
    if (after.kind === "available" && before.kind === "unavailable" && docker !== null) {
      options.onBack(docker);
    }
    if (after.kind === before.kind) return;
    log.info({ standing: after }, "docker driver");
    if (begun) options.onChange();
  }

  const probeOnce = (): Promise<void> => {
    probing ??= probe().finally(() => {
      probing = null;
    });
    return probing;
  };

  async function call<T>(
    work: (docker: Docker) => Promise<T>,
    { deadlineMs, signal, long = false }: CallOptions = {},
  ): Promise<T> {
    const startedAt = performance.now();
    for (let delayMs = retryFirstMs; ; delayMs = Math.min(retryMaxMs, delayMs * 2)) {
      try {
        const answer = work(await client());
        const result = await (long ? answer : Promise.race([answer, noAnswer(callTimeoutMs)]));
        // Seen before the next probe was due.
        if (standing.kind === "unavailable") void probeOnce();
        return result;
      } catch (error) {
        closed.signal.throwIfAborted();
        signal?.throwIfAborted();
        const late = performance.now() - startedAt >= (deadlineMs ?? Number.POSITIVE_INFINITY);
        if (statusOf(error) !== null || late) throw error;
      }
      const signals = signal === undefined ? [closed.signal] : [closed.signal, signal];
      await sleep(delayMs, undefined, { signal: AbortSignal.any(signals) });
    }
  }

  await Promise.race([probeOnce(), sleep(firstProbeMs, undefined, { ref: false })]);
  begun = true;
  const timer = setInterval(() => void probeOnce(), options.probeEveryMs ?? probeDefaultMs);
  // A daemon that starts makes its socket anew: that is cheap to see, and soon.
  let socketSeen = socketIdentity(socket);
  const watch = setInterval(() => {
    const seen = socketIdentity(socket);
    if (seen !== socketSeen) void probeOnce();
    socketSeen = seen;
  }, socketEveryMs);
  timer.unref();
  watch.unref();
  return {
    standing: () => standing,
    call,
    close() {
      clearInterval(timer);
      clearInterval(watch);
      closed.abort(new Error("the worker is being stopped"));
    },
  };
}

/** null: there is none. */
function socketIdentity(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? null;
}

async function noAnswer(afterMs: number): Promise<never> {
  await sleep(afterMs, undefined, { ref: false });
  throw new Error("the daemon does not answer");
}

/** The status of the daemon's answer; null: there was none. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("statusCode" in error)) return null;
  return typeof error.statusCode === "number" ? error.statusCode : null;
}

const unavailable = (reason: string): DriverStanding => ({
  kind: "unavailable",
  driver: { name: "docker", reason },
});

interface DaemonInfo {
  readonly CgroupVersion?: string;
  readonly CpuCfsQuota?: boolean;
  readonly MemoryLimit?: boolean;
}

function factsOf(info: DaemonInfo): DriverFacts {
  const enforced: Enforcement = info.CgroupVersion === "2" ? "cgroup_v2" : "cgroup_v1";
  return {
    name: "docker",
    cpuLimit: info.CpuCfsQuota === true ? enforced : "not_enforced",
    memoryLimit: info.MemoryLimit === true ? enforced : "not_enforced",
    stagesData: true,
    givesSecrets: true,
  };
}
