/**
 * The attempts that are alive on this worker: started, bounded in time, stopped, and their ends
 * recorded before anybody hears of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { chargedResources } from "../../core/charge.js";
import type { AttemptId } from "../../core/ids.js";
import { addResources, noResources, type Resources } from "../../core/resources.js";
import type { AttemptFinished, AttemptStarted, Launch } from "../../core/session.js";
import type { Outcome } from "../../core/worker.js";
import type { Driver, DriverEnd, RunningAttempt } from "../driver.js";
import type { SupervisorToAgent } from "../ipc/messages.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import { createLeases, type Leases } from "./leases.js";
import type { Ledger } from "./ledger.js";
import { type LongTimer, setLongTimeout } from "./timer.js";

/** Why the supervisor itself ends an attempt. */
export type StopOutcome = Extract<
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

/** How the worker appears to its attempts. */
export interface AttemptContext {
  readonly worker: string;
  readonly throttle: number | null;
}

export interface AttemptsOptions {
  readonly dataDirectory: string;
  readonly boot: string;
  readonly ledger: Ledger;
  readonly log: WorkerLog;
  /** Tells the agent, if one is attached. */
  readonly emit: (message: SupervisorToAgent) => void;
}

/** A report that cannot be written (disk full) is tried again until it can. */
const recordRetryMs = 1_000;

/** A class, because it owns processes and timers. */
export class LiveAttempts {
  readonly #options: AttemptsOptions;
  readonly #live = new Map<AttemptId, LiveAttempt>();
  readonly #leases: Leases;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#leases = createLeases((attempt) => {
      options.log.warn({ attempt }, "no master heard of for too long, stopping the attempt");
      this.stop(attempt, { kind: "lease_expired" });
    });
  }

  get size(): number {
    return this.#live.size;
  }

  has(attempt: AttemptId): boolean {
    return this.#live.has(attempt);
  }

  /** null: it is not alive, or not yet started. */
  started(attempt: AttemptId): AttemptStarted | null {
    const one = this.#live.get(attempt);
    return one === undefined ? null : startedOf(one);
  }

  allStarted(): AttemptStarted[] {
    return [...this.#live.values()].map(startedOf).filter((one) => one !== null);
  }

  /** Of the attempts that are not being stopped: the master has given those back already. */
  usage(): Resources {
    let sum = noResources;
    for (const one of this.#live.values()) {
      if (one.stop === null) sum = addResources(sum, chargedResources(one.launch));
    }
    return sum;
  }

  /** Resolves when every attempt begun before has started or finished. */
  async settled(): Promise<void> {
    await Promise.all([...this.#live.values()].map((one) => one.settled));
  }

  renew(sentAtMonotonicMs: number): void {
    this.#leases.renew(sentAtMonotonicMs);
  }

  /** The launch has been appended to the ledger; it need not be durable yet. */
  begin(launch: Launch, driver: Driver, context: AttemptContext): void {
    const done = Promise.resolve();
    const one: LiveAttempt = {
      launch,
      running: null,
      stop: null,
      timeout: null,
      settled: done,
      finished: done,
    };
    this.#live.set(launch.attempt, one);
    this.#leases.add(launch.attempt, launch.stopWhenLostAfterMs);
    const run = this.#start(one, driver, context);
    one.finished = run.then(async (running) => {
      if (running !== null) await this.#finish(one, await running.ended);
    });
    one.settled = run.then(() => undefined);
  }

  /** The first reason stands; a later one may only shorten the grace. null: the attempt's own grace. */
  stop(attempt: AttemptId, outcome: StopOutcome, grace: number | null = null): void {
    const one = this.#live.get(attempt);
    if (one === undefined) return;
    const graceMs = grace ?? one.launch.killGraceMs;
    if (one.stop === null) one.stop = { outcome, atMs: Date.now(), graceMs };
    else one.stop.graceMs = Math.min(one.stop.graceMs, graceMs);
    one.running?.stop(graceMs);
  }

  /** Resolves when the ends of all are durable. */
  async stopAll(outcome: StopOutcome): Promise<void> {
    const ends = [...this.#live.values()].map((one) => one.finished);
    for (const attempt of this.#live.keys()) this.stop(attempt, outcome);
    await Promise.all(ends);
  }

  /** null: it could not be started, and that is its end. */
  async #start(
    one: LiveAttempt,
    driver: Driver,
    context: AttemptContext,
  ): Promise<RunningAttempt | null> {
    const { ledger, emit, boot } = this.#options;
    const { attempt, command, resources, devices, logBytesMax, timeoutMs } = one.launch;
    const directory = attemptDirectory(this.#options.dataDirectory, attempt);
    const durable = ledger.commit();
    const result = await driver.start({
      ...context,
      attempt,
      command,
      resources,
      devices,
      logBytesMax,
      directory,
      durable,
      identify: (identity) => ledger.append({ kind: "identified", attempt, identity, boot }),
    });
    if (!result.ok) {
      await durable;
      await this.#finish(one, notStarted(result.error));
      return null;
    }
    one.running = result.value;
    const started = { attempt, startedAtMs: result.value.startedAtMs, pid: result.value.pid };
    this.#note(() => ledger.append({ kind: "started", started }));
    emit({ kind: "started", started });
    if (one.stop !== null) result.value.stop(one.stop.graceMs);
    if (timeoutMs !== null) {
      one.timeout = setLongTimeout(() => this.stop(attempt, { kind: "timed_out" }), timeoutMs);
    }
    return result.value;
  }

  async #finish(one: LiveAttempt, end: DriverEnd): Promise<void> {
    const { ledger, emit } = this.#options;
    const { attempt } = one.launch;
    one.timeout?.clear();
    const finished: AttemptFinished = {
      attempt,
      outcome: outcomeOf(one, end),
      usage: end.usage,
      startedAtMs: one.running?.startedAtMs ?? null,
      endedAtMs: end.endedAtMs,
      stdoutBytes: end.stdoutBytes,
      stderrBytes: end.stderrBytes,
    };
    while (!this.#note(() => ledger.append({ kind: "finished", finished }))) {
      await sleep(recordRetryMs);
    }
    await ledger.commit();
    this.#leases.remove(attempt);
    this.#live.delete(attempt);
    emit({ kind: "finished", finished });
  }

  /** A full disk must not take attempts down; false: it was not written. */
  #note(append: () => void): boolean {
    try {
      append();
      return true;
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, "cannot write the ledger");
      return false;
    }
  }
}

function startedOf(one: LiveAttempt): AttemptStarted | null {
  if (one.running === null) return null;
  const { startedAtMs, pid } = one.running;
  return { attempt: one.launch.attempt, startedAtMs, pid };
}

/** A program that had ended before it was told to stop ended by itself. */
function outcomeOf(one: LiveAttempt, end: DriverEnd): Outcome {
  return one.stop !== null && one.stop.atMs <= end.endedAtMs ? one.stop.outcome : end.outcome;
}

const notStarted = (message: string): DriverEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs: Date.now(),
  stdoutBytes: 0,
  stderrBytes: 0,
});
