/**
 * The supervisor: owns the attempts of one worker. It decides what starts and what must stop; the
 * drivers run programs, the ledger remembers, the server speaks with the agent.
 */
import { mkdir } from "node:fs/promises";
import type { AttemptId } from "../../core/ids.js";
import { addResources, exceeding, noResources, type Resources } from "../../core/resources.js";
import { assert } from "../../core/result.js";
import type { AttemptStarted, Launch, RefusalReason, Stop } from "../../core/session.js";
import type { Outcome } from "../../core/worker.js";
import type { Driver, DriverEnd, RunningAttempt } from "../driver.js";
import type { SupervisorState, SupervisorToAgent } from "../ipc/messages.js";
import { protocolVersion } from "../ipc/messages.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { LedgerRecord } from "../pure/ledger-state.js";
import { createLeases } from "./leases.js";
import type { Ledger } from "./ledger.js";
import type { Retention } from "./retention.js";
import { type LongTimer, setLongTimeout } from "./timer.js";

/** Why the supervisor itself ends an attempt. */
type StopOutcome = Extract<
  Outcome,
  { kind: "cancelled" | "timed_out" | "lease_expired" | "supervisor_lost" }
>;

interface LiveAttempt {
  readonly launch: Launch;
  running: RunningAttempt | null;
  stop: { readonly outcome: StopOutcome; readonly atMs: number; graceMs: number } | null;
  timeout: LongTimer | null;
  /** Resolves when the attempt has started or, without having started, finished. */
  settled: Promise<void>;
  /** Resolves when its end is durable. */
  finished: Promise<void>;
}

/** What the agent tells when it attaches. */
export interface WorkerIdentity {
  readonly worker: string;
  readonly capacity: Resources;
  readonly throttle: number | null;
}

export interface SupervisorOptions {
  readonly dataDirectory: string;
  readonly boot: string;
  readonly session: string;
  readonly ledger: Ledger;
  readonly retention: Retention;
  readonly drivers: readonly Driver[];
  readonly log: WorkerLog;
  /** Tells the agent, if one is attached. */
  readonly emit: (message: SupervisorToAgent) => void;
}

export interface Supervisor {
  identify(identity: WorkerIdentity): void;
  /** Waits until every launch taken in has started or finished, so that the state omits none. */
  snapshot(): Promise<SupervisorState>;
  /** Resolves when the commands are durable. */
  take(launches: readonly Launch[], stops: readonly Stop[]): Promise<void>;
  welcomed(epoch: number, kill: readonly AttemptId[]): void;
  renew(sentAtMonotonicMs: number): void;
  forget(attempts: readonly AttemptId[]): void;
  /** Nothing lives and every report is acknowledged. */
  isIdle(): boolean;
  /** Stops every attempt, with its grace, and resolves when their ends are durable. */
  shutdown(): Promise<void>;
}

/** A report that cannot be written (disk full) is tried again until it can. */
const recordRetryMs = 1_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { ledger, emit, log } = options;
  const live = new Map<AttemptId, LiveAttempt>();
  const leases = createLeases((attempt) => {
    const one = live.get(attempt);
    log.warn({ attempt }, "contact with the master lost for too long, stopping the attempt");
    if (one !== undefined) stop(one, { kind: "lease_expired" }, one.launch.killGraceMs);
  });
  let identity: WorkerIdentity = { worker: "", capacity: noResources, throttle: null };
  let shuttingDown = false;

  const refuse = (attempt: AttemptId, reason: RefusalReason, message: string): void =>
    emit({ kind: "refused", refused: { attempt, reason, message } });

  function raiseEpoch(epoch: number): void {
    if (epoch > ledger.state.epochSeen) note({ kind: "epoch", epoch });
  }

  /** For what may be lost if the disk is full: attempts must not die of it. */
  function note(record: LedgerRecord): void {
    try {
      ledger.append(record);
    } catch (error) {
      log.error({ error: messageOf(error), kind: record.kind }, "cannot write the ledger");
    }
  }

  /** True if the attempt is known, whatever became of it; then it has been answered. */
  function answerKnown(attempt: AttemptId): boolean {
    const running = live.get(attempt);
    if (running !== undefined) {
      const started = startedOf(running);
      if (started !== null) emit({ kind: "started", started });
      return true;
    }
    const finished = ledger.state.finished.get(attempt) ?? ledger.state.retained.get(attempt);
    if (finished !== undefined) emit({ kind: "finished", finished });
    else if (!ledger.state.tombstones.has(attempt)) return false;
    else log.warn({ attempt }, "launch of an attempt that ended long ago, not started");
    return true;
  }

  function takeLaunch(launch: Launch): void {
    const { attempt, epoch } = launch;
    const { epochSeen } = ledger.state;
    if (epoch < epochSeen) {
      return refuse(attempt, "stale_epoch", `epoch ${epoch}, ${epochSeen} was seen`);
    }
    if (answerKnown(attempt)) return;
    if (shuttingDown) return refuse(attempt, "shutting_down", "the worker is being stopped");
    const driver = options.drivers.find((one) => one.name === launch.driver);
    if (driver === undefined) {
      return refuse(attempt, "unknown_driver", `no driver ${launch.driver} here`);
    }
    const missing = exceeding(addResources(usage(), launch.resources), identity.capacity);
    if (missing.length > 0) {
      return refuse(attempt, "no_capacity", `not enough free: ${missing.join(", ")}`);
    }
    try {
      raiseEpoch(epoch);
      ledger.append({ kind: "launched", attempt, driver: driver.name });
    } catch (error) {
      return refuse(attempt, "no_capacity", `cannot record the launch: ${messageOf(error)}`);
    }
    begin(launch, driver);
  }

  /** Of the attempts that are not being stopped: the master has given those back already. */
  function usage(): Resources {
    let sum = noResources;
    for (const one of live.values()) {
      if (one.stop === null) sum = addResources(sum, one.launch.resources);
    }
    return sum;
  }

  function begin(launch: Launch, driver: Driver): void {
    const done = Promise.resolve();
    const one: LiveAttempt = {
      launch,
      running: null,
      stop: null,
      timeout: null,
      settled: done,
      finished: done,
    };
    live.set(launch.attempt, one);
    leases.add(launch.attempt, launch.stopWhenLostAfterMs);
    const run = start(one, driver);
    one.finished = run.then((running) => watch(one, running));
    one.settled = run.then((running) => (running === null ? one.finished : undefined));
  }

  /** null: it could not be started, and that is its end. */
  async function start(one: LiveAttempt, driver: Driver): Promise<RunningAttempt | null> {
    const { launch } = one;
    const directory = attemptDirectory(options.dataDirectory, launch.attempt);
    const durable = ledger.commit();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const result = await driver.start({
      attempt: launch.attempt,
      worker: identity.worker,
      command: launch.command,
      resources: launch.resources,
      devices: launch.devices,
      logBytesMax: launch.logBytesMax,
      throttle: identity.throttle,
      directory,
      durable,
      identify: (found) =>
        ledger.append({
          kind: "identified",
          attempt: launch.attempt,
          identity: found,
          boot: options.boot,
        }),
    });
    if (!result.ok) {
      await durable;
      await finish(one, notStarted(result.error));
      return null;
    }
    one.running = result.value;
    const started = startedOf(one);
    assert(started !== null, "a running attempt has started");
    note({ kind: "started", started });
    emit({ kind: "started", started });
    if (one.stop !== null) result.value.stop(one.stop.graceMs);
    if (launch.timeoutMs !== null) {
      const expire = (): void => stop(one, { kind: "timed_out" }, launch.killGraceMs);
      one.timeout = setLongTimeout(expire, launch.timeoutMs);
    }
    return result.value;
  }

  async function watch(one: LiveAttempt, running: RunningAttempt | null): Promise<void> {
    if (running !== null) await finish(one, await running.ended);
  }

  async function finish(one: LiveAttempt, end: DriverEnd): Promise<void> {
    one.timeout?.clear();
    const finished = {
      attempt: one.launch.attempt,
      outcome: outcomeOf(one, end),
      usage: end.usage,
      startedAtMs: one.running?.startedAtMs ?? null,
      endedAtMs: end.endedAtMs,
      stdoutBytes: end.stdoutBytes,
      stderrBytes: end.stderrBytes,
    };
    await untilDone(() => ledger.append({ kind: "finished", finished }));
    await ledger.commit();
    leases.remove(one.launch.attempt);
    live.delete(one.launch.attempt);
    emit({ kind: "finished", finished });
  }

  async function untilDone(step: () => void): Promise<void> {
    for (;;) {
      try {
        return step();
      } catch (error) {
        log.error({ error: messageOf(error) }, "cannot write the ledger, trying again");
        await new Promise((resolve) => setTimeout(resolve, recordRetryMs));
      }
    }
  }

  /** The first reason stands; a later one may only shorten the grace. */
  function stop(one: LiveAttempt, outcome: StopOutcome, graceMs: number): void {
    if (one.stop === null) one.stop = { outcome, atMs: Date.now(), graceMs };
    else one.stop.graceMs = Math.min(one.stop.graceMs, graceMs);
    one.running?.stop(graceMs);
  }

  function takeStop(command: Stop): void {
    const { attempt, epoch, reason, graceMs } = command;
    const { epochSeen } = ledger.state;
    if (epoch < epochSeen) {
      return refuse(attempt, "stale_epoch", `epoch ${epoch}, ${epochSeen} was seen`);
    }
    raiseEpoch(epoch);
    const one = live.get(attempt);
    if (one !== undefined) stop(one, { kind: reason }, graceMs);
  }

  return {
    identify(told) {
      identity = told;
    },
    async snapshot() {
      await Promise.all([...live.values()].map((one) => one.settled));
      return {
        kind: "state",
        version: protocolVersion,
        pid: process.pid,
        boot: options.boot,
        session: options.session,
        epochSeen: ledger.state.epochSeen,
        drivers: options.drivers.map((driver) => driver.facts),
        live: [...live.values()].map(startedOf).filter((one) => one !== null),
        unacknowledged: [...ledger.state.finished.values()],
      };
    },
    async take(launches, stops) {
      for (const launch of launches) takeLaunch(launch);
      for (const command of stops) takeStop(command);
      await ledger.commit();
    },
    welcomed(epoch, kill) {
      if (epoch < ledger.state.epochSeen) return;
      raiseEpoch(epoch);
      for (const attempt of kill) {
        const one = live.get(attempt);
        if (one !== undefined) stop(one, { kind: "cancelled" }, one.launch.killGraceMs);
      }
    },
    renew: leases.renew,
    forget(attempts) {
      const known = attempts.filter((attempt) => ledger.state.finished.has(attempt));
      if (known.length === 0) return;
      note({ kind: "forgotten", attempts: known });
      options.retention.retain(known);
    },
    isIdle: () => live.size === 0 && ledger.state.finished.size === 0,
    async shutdown() {
      shuttingDown = true;
      const waits = [...live.values()].map((one) => one.finished);
      for (const one of live.values()) {
        stop(one, { kind: "supervisor_lost" }, one.launch.killGraceMs);
      }
      await Promise.all(waits);
      await options.retention.idle();
    },
  };
}

function startedOf(one: LiveAttempt): AttemptStarted | null {
  if (one.running === null) return null;
  const { startedAtMs, pid } = one.running;
  return { attempt: one.launch.attempt, startedAtMs, pid };
}

/** A program that had ended before it was told to stop ended by itself. */
function outcomeOf(one: LiveAttempt, end: DriverEnd): Outcome {
  const stopped = one.stop !== null && one.stop.atMs <= end.endedAtMs;
  return stopped && one.stop !== null ? one.stop.outcome : end.outcome;
}

const notStarted = (message: string): DriverEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs: Date.now(),
  stdoutBytes: 0,
  stderrBytes: 0,
});
