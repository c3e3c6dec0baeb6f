/**
 * The attempts that are alive on this worker: started, bounded in time, stopped, and their ends
 * recorded before anybody hears of them.
 */
import type { Clock } from "../../core/clock.js";
import type { AttemptId } from "../../core/ids.js";
import { addResources, fits, noResources, type Resources } from "../../core/resources.js";
import type { Result } from "../../core/result.js";
import type { AttemptFinished, AttemptStarted, Launch } from "../../core/session.js";
import { sleepOn } from "../clock.js";
import type { Driver, DriverStart, RunningAttempt } from "../driver.js";
import type { SupervisorToAgent } from "../ipc/messages.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import { type LaunchTerms, termsOf } from "../pure/ledger-state.js";
import type { SecretPlaces } from "../secrets/places.js";
import type { AttemptData } from "./attempt-data.js";
import { giveSecrets, maskedOutcome, maskFor } from "./attempt-secrets.js";
import { createLeases, type Leases, type RenewalMemory } from "./leases.js";
import type { Ledger } from "./ledger.js";
import {
  type AttemptEnd,
  beginWaiting,
  createLiveAttempt,
  type LiveAttempt,
  livingOf,
  notStarted,
  outcomeOf,
  type StopOutcome,
  startedOf,
} from "./live-attempt.js";

/** An attempt that an earlier supervisor has started, in the hands of its driver again. */
export interface TakenUp {
  readonly attempt: AttemptId;
  readonly terms: LaunchTerms;
  readonly running: RunningAttempt;
}

/** How the worker appears to its attempts. */
export interface AttemptContext {
  readonly worker: string;
  readonly throttle: number | null;
}

export interface AttemptsOptions {
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly boot: string;
  readonly ledger: Ledger;
  readonly log: WorkerLog;
  readonly data: AttemptData;
  readonly secrets: SecretPlaces;
  readonly renewals: RenewalMemory;
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
  /** They wait for what is being stopped to go. */
  readonly #crowded = new Set<LiveAttempt>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#leases = createLeases(options.clock, options.renewals, (attempt) => {
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

  /** As the drivers have them. */
  paused(): AttemptId[] {
    return [...this.#live.entries()]
      .filter(([, { running }]) => running?.isPaused() === true)
      .map(([attempt]) => attempt);
  }

  /** Its timeout stands still meanwhile; its lease goes on, and a stop ends it all the same. */
  async hold(attempt: AttemptId, paused: boolean): Promise<Result<null, string>> {
    const one = this.#live.get(attempt);
    if (one === undefined) return { ok: false, error: "it is not running here" };
    await one.settled;
    if (one.running === null) return { ok: false, error: "it has not started" };
    if (one.stop !== null) return { ok: false, error: "it is being stopped" };
    const result = await (paused ? one.running.pause() : one.running.resume());
    if (result.ok) this.#holdTimeout(one, paused);
    return result;
  }

  #holdTimeout(one: LiveAttempt, paused: boolean): void {
    const { clock } = this.#options;
    if (paused && one.timeoutAtMs !== null) {
      one.timeout?.clear();
      one.timeoutLeftMs = Math.max(0, one.timeoutAtMs - clock.nowMs());
      one.timeoutAtMs = null;
    } else if (!paused && one.timeoutLeftMs !== null) {
      this.#strikeAfter(one, one.timeoutLeftMs);
    }
  }

  /** Of the attempts that are not being stopped: the master has given those back already. */
  usage(): Resources {
    let sum = noResources;
    for (const one of this.#live.values()) {
      if (one.stop === null) sum = addResources(sum, one.terms.charged);
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
  begin(launch: Launch, driver: Driver, context: AttemptContext, capacity: Resources): void {
    const one = createLiveAttempt(launch.attempt, termsOf(launch));
    one.hasSecrets = launch.secrets !== undefined;
    one.mask = maskFor(launch.secrets);
    this.#live.set(launch.attempt, one);
    const run = this.#start(one, launch, driver, context, capacity);
    one.finished = run.then(async (running) => {
      if (running !== null) await this.#finish(one, await running.ended);
    });
    void run.then(one.settle, one.settle);
  }

  /** An attempt of an earlier supervisor; its launch and its start are in the ledger. */
  takeUp({ attempt, terms, running }: TakenUp): void {
    const one = createLiveAttempt(attempt, terms);
    one.hasSecrets = true;
    this.#live.set(attempt, one);
    this.#leases.takeUp(attempt, terms.stopWhenLostAfterMs);
    one.running = running;
    one.settle();
    this.#limit(one, running);
    one.finished = running.ended.then((end) => this.#finish(one, end));
  }

  #strikeAfter(one: LiveAttempt, leftMs: number): void {
    const { clock } = this.#options;
    one.timeoutAtMs = clock.nowMs() + leftMs;
    one.timeoutLeftMs = null;
    one.timeout = clock.after(leftMs, () => this.stop(one.attempt, { kind: "timed_out" }));
  }

  /**
   * Counted from the start, whoever was there to see it. Of one that a supervisor finds paused the
   * pause so far counts too: nobody has written down since when.
   */
  #limit(one: LiveAttempt, running: RunningAttempt): void {
    const { timeoutMs } = one.terms;
    const { clock } = this.#options;
    if (timeoutMs === null) return;
    const leftMs = Math.max(0, running.startedAtMs + timeoutMs - clock.nowMs());
    this.#strikeAfter(one, Math.min(timeoutMs, leftMs));
    if (running.isPaused()) this.#holdTimeout(one, true);
  }

  /** The first reason stands; a later one may only shorten the grace. null: the attempt's own grace. */
  stop(attempt: AttemptId, outcome: StopOutcome, grace: number | null = null): void {
    const one = this.#live.get(attempt);
    if (one === undefined) return;
    const graceMs = grace ?? one.terms.killGraceMs;
    if (one.stop === null) one.stop = { outcome, atMs: this.#options.clock.nowMs(), graceMs };
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
    launch: Launch,
    driver: Driver,
    context: AttemptContext,
    capacity: Resources,
  ): Promise<RunningAttempt | null> {
    const { ledger, emit, boot, clock } = this.#options;
    const { attempt, resources, devices, logBytesMax, data } = launch;
    const directory = attemptDirectory(this.#options.dataDirectory, attempt);
    const durable = ledger.commit();
    if (data !== undefined) {
      const failed = await this.#options.data.stage(one, data, durable);
      if (failed !== null) {
        await this.#finish(one, failed);
        return null;
      }
    }
    await this.#untilRoom(one, launch, capacity);
    if (!(await this.#underLease(one, durable))) {
      await this.#finish(one, notStarted("was stopped before it began", clock.nowMs()));
      return null;
    }
    const given = await this.#given(launch);
    if (!given.ok) {
      await durable;
      await this.#finish(one, notStarted(given.error, clock.nowMs()));
      return null;
    }
    const result = await driver.start({
      ...context,
      attempt,
      ...given.value,
      resources,
      devices,
      logBytesMax,
      directory,
      staged: data !== undefined,
      ...(data !== undefined && { outputs: data.outputs }),
      durable,
      identify: (identity) => ledger.append({ kind: "identified", attempt, identity, boot }),
    });
    if (!result.ok) {
      await durable;
      await this.#finish(one, notStarted(result.error, clock.nowMs()));
      return null;
    }
    one.running = result.value;
    const started = { attempt, startedAtMs: result.value.startedAtMs, pid: result.value.pid };
    this.#note(() => ledger.append({ kind: "started", started }));
    emit({ kind: "started", started });
    if (one.stop !== null) result.value.stop(one.stop.graceMs);
    this.#limit(one, result.value);
    return result.value;
  }

  /** What the program starts with: as the task says, and its secrets. */
  async #given({
    attempt,
    command,
    secrets,
  }: Launch): Promise<Result<Pick<DriverStart, "command" | "secrets">, string>> {
    if (secrets === undefined) return { ok: true, value: { command } };
    return await giveSecrets(this.#options.secrets, attempt, command, secrets);
  }

  /**
   * What is being stopped the master has given back already, and it still has what it had: nothing
   * begins in its place before it is gone.
   */
  async #untilRoom(one: LiveAttempt, { devices }: Launch, capacity: Resources): Promise<void> {
    const { signal } = one.abort;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    while (one.stop === null) {
      this.#crowded.delete(one);
      const there = [...this.#live.values()].filter((other) => !this.#crowded.has(other));
      const going = there.filter(({ stop }) => stop !== null);
      const inAll = there.reduce((sum, { terms }) => addResources(sum, terms.charged), noResources);
      if (going.length === 0 || (devices.length === 0 && fits(inAll, capacity))) return;
      this.#crowded.add(one);
      beginWaiting(one, this.#options.clock.nowMs());
      await Promise.race([stopped, ...going.map(({ finished }) => finished)]);
    }
    this.#crowded.delete(one);
  }

  /**
   * Nothing begins under a lease that is over: a node that was held finds launches that a master has
   * given up since, and only the next word from it says which. False: it was stopped meanwhile.
   */
  async #underLease(one: LiveAttempt, durable: Promise<void>): Promise<boolean> {
    const { attempt, terms, abort } = one;
    const { stopWhenLostAfterMs } = terms;
    if (stopWhenLostAfterMs === null) return true;
    await durable;
    if (this.#leases.isOver(stopWhenLostAfterMs)) {
      beginWaiting(one, this.#options.clock.nowMs());
      await this.#leases.renewed(stopWhenLostAfterMs, abort.signal);
    }
    if (one.stop !== null) return false;
    this.#leases.add(attempt, stopWhenLostAfterMs);
    return true;
  }

  async #finish(one: LiveAttempt, ended: AttemptEnd): Promise<void> {
    const { ledger, emit, clock } = this.#options;
    const { attempt } = one;
    one.timeout?.clear();
    await this.#takeSecrets(one);
    const { outputs } = one.terms;
    const end = outputs === null ? ended : await this.#options.data.collect(one, outputs, ended);
    const finished: AttemptFinished = {
      attempt,
      outcome: maskedOutcome(outcomeOf(one, end), one.mask),
      usage: end.usage,
      ...(end.outputs === undefined || end.outputs.length === 0 ? {} : { outputs: end.outputs }),
      startedAtMs: one.running?.startedAtMs ?? null,
      endedAtMs: end.endedAtMs,
      stdoutBytes: end.stdoutBytes,
      stderrBytes: end.stderrBytes,
    };
    while (!this.#note(() => ledger.append({ kind: "finished", finished }))) {
      await sleepOn(clock, recordRetryMs);
    }
    await ledger.commit();
    this.#leases.remove(attempt);
    this.#live.delete(attempt);
    emit({ kind: "finished", finished });
  }

  /** Nobody needs them any more; the program has ended, with all that it left behind. */
  async #takeSecrets({ attempt, hasSecrets }: LiveAttempt): Promise<void> {
    if (!hasSecrets) return;
    const { secrets, log } = this.#options;
    await secrets.remove(attempt).catch((error: unknown) => {
      log.error({ attempt, error: messageOf(error) }, "secret files cannot be removed");
    });
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
