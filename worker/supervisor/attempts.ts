/**
 * The attempts that are alive on this worker: started, bounded in time, stopped, and their ends
 * recorded before anybody hears of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { chargedResources } from "../../core/charge.js";
import type { DataFile, LaunchData } from "../../core/data.js";
import type { AttemptId } from "../../core/ids.js";
import { addResources, noResources, type Resources } from "../../core/resources.js";
import type { AttemptFinished, AttemptStarted, Launch } from "../../core/session.js";
import type { Outcome } from "../../core/worker.js";
import type { Driver, DriverEnd, RunningAttempt } from "../driver.js";
import type { SupervisorToAgent } from "../ipc/messages.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { AttemptData, DataPlace } from "./attempt-data.js";
import { createLeases, type Leases } from "./leases.js";
import type { Ledger } from "./ledger.js";
import { type LongTimer, setLongTimeout } from "./timer.js";

/** Why the supervisor itself ends an attempt. */
export type StopOutcome = Extract<
  Outcome,
  { kind: "cancelled" | "timed_out" | "lease_expired" | "supervisor_lost" }
>;

/** How the program ended, and what became of the files that it left. */
interface AttemptEnd extends Omit<DriverEnd, "outcome"> {
  readonly outcome: Outcome;
  readonly outputs?: readonly DataFile[];
}

interface LiveAttempt {
  readonly launch: Launch;
  running: RunningAttempt | null;
  stop: { readonly outcome: StopOutcome; readonly atMs: number; graceMs: number } | null;
  timeout: LongTimer | null;
  /** Since when its inputs are on their way; null: it has none. */
  stagingSinceMs: number | null;
  /** How long that took. */
  stagingMs: number | null;
  /** Ends transfers of its files when it is told to stop. */
  readonly abort: AbortController;
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
  readonly data: AttemptData;
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
    return [...this.#live.values()].map(livingOf).filter((one) => one !== null);
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
      stagingSinceMs: null,
      stagingMs: null,
      abort: new AbortController(),
      settled: done,
      finished: done,
    };
    this.#live.set(launch.attempt, one);
    this.#leases.add(launch.attempt, launch.stopWhenLostAfterMs);
    const run = this.#start(one, driver, context);
    one.finished = run.then(async (running) => {
      if (running !== null) await this.#finish(one, await running.ended);
    });
    // A state that waited for inputs would wait for the agent, which waits for the state.
    if (launch.data === undefined) one.settled = run.then(() => undefined);
  }

  /** The first reason stands; a later one may only shorten the grace. null: the attempt's own grace. */
  stop(attempt: AttemptId, outcome: StopOutcome, grace: number | null = null): void {
    const one = this.#live.get(attempt);
    if (one === undefined) return;
    const graceMs = grace ?? one.launch.killGraceMs;
    if (one.stop === null) one.stop = { outcome, atMs: Date.now(), graceMs };
    else one.stop.graceMs = Math.min(one.stop.graceMs, graceMs);
    one.abort.abort();
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
    if (one.launch.data !== undefined) {
      const failed = await this.#stage(one, one.launch.data, durable);
      if (failed !== null) {
        await this.#finish(one, failed);
        return null;
      }
    }
    const result = await driver.start({
      ...context,
      attempt,
      command,
      resources,
      devices,
      logBytesMax,
      directory,
      staged: one.launch.data !== undefined,
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

  /** null: its inputs are in the working directory. Otherwise its end, without having run. */
  async #stage(
    one: LiveAttempt,
    data: LaunchData,
    durable: Promise<void>,
  ): Promise<AttemptEnd | null> {
    const sinceMs = Date.now();
    one.stagingSinceMs = sinceMs;
    await durable;
    const error = await this.#options.data.stage(this.#placeOf(one), data);
    one.stagingMs = Date.now() - sinceMs;
    if (one.stop !== null) return notStarted("was stopped before its inputs had come");
    if (error === null) return null;
    return { ...notStarted(""), outcome: { kind: "input_unavailable", message: error } };
  }

  /** With what it left, where it ended well and the store has it. */
  async #collect(one: LiveAttempt, data: LaunchData, end: AttemptEnd): Promise<AttemptEnd> {
    const { data: files } = this.#options;
    const place = this.#placeOf(one);
    const sinceMs = Date.now();
    const usage = { ...end.usage, ...(one.stagingMs !== null && { stagingMs: one.stagingMs }) };
    if (end.outcome.kind !== "exited" || end.outcome.exitCode !== 0) {
      await files.clear(place.directory);
      return { ...end, usage };
    }
    const found = await files.collect(place, data);
    await files.clear(place.directory);
    const timed = { ...usage, collectingMs: Date.now() - sinceMs };
    if (found.ok) return { ...end, usage: timed, outputs: found.value };
    // Told to stop on the way: what has not gone out is not there.
    const outcome = one.stop?.outcome ?? { kind: "output_failed" as const, message: found.error };
    return { ...end, usage: timed, outcome };
  }

  #placeOf({ launch: { attempt }, abort }: LiveAttempt): DataPlace {
    const directory = attemptDirectory(this.#options.dataDirectory, attempt);
    return { attempt, directory, signal: abort.signal };
  }

  async #finish(one: LiveAttempt, ended: AttemptEnd): Promise<void> {
    const { ledger, emit } = this.#options;
    const { attempt, data } = one.launch;
    one.timeout?.clear();
    const end = data === undefined ? ended : await this.#collect(one, data, ended);
    const finished: AttemptFinished = {
      attempt,
      outcome: outcomeOf(one, end),
      usage: end.usage,
      ...(end.outputs === undefined || end.outputs.length === 0 ? {} : { outputs: end.outputs }),
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

/** Also what waits for its inputs: the master is not to think it lost. */
function livingOf(one: LiveAttempt): AttemptStarted | null {
  const { stagingSinceMs, launch } = one;
  if (one.running !== null || stagingSinceMs === null) return startedOf(one);
  return { attempt: launch.attempt, startedAtMs: stagingSinceMs, pid: 0 };
}

function startedOf(one: LiveAttempt): AttemptStarted | null {
  if (one.running === null) return null;
  const { startedAtMs, pid } = one.running;
  return { attempt: one.launch.attempt, startedAtMs, pid };
}

/** A program that had ended before it was told to stop ended by itself. */
function outcomeOf(one: LiveAttempt, end: AttemptEnd): Outcome {
  return one.stop !== null && one.stop.atMs <= end.endedAtMs ? one.stop.outcome : end.outcome;
}

const notStarted = (message: string): AttemptEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs: Date.now(),
  stdoutBytes: 0,
  stderrBytes: 0,
});
