/**
 * The supervisor: decides what is started and stopped on one worker. `attempts.ts` runs them, the
 * ledger remembers, the server speaks with the agent.
 */
import { chargedResources } from "../../core/charge.js";
import type { AttemptId } from "../../core/ids.js";
import { addResources, exceeding, noResources, type Resources } from "../../core/resources.js";
import type { Result } from "../../core/result.js";
import type { Launch, LaunchRefused, RefusalReason, Stop } from "../../core/session.js";
import type { Driver } from "../driver.js";
import { protocolVersion, type SupervisorState } from "../ipc/messages.js";
import { messageOf } from "../log.js";
import { type LedgerRecord, termsOf } from "../pure/ledger-state.js";
import { type AttemptsOptions, LiveAttempts, type TakenUp } from "./attempts.js";
import type { Retention } from "./retention.js";
import type { Transfers } from "./transfers.js";

/** What the agent tells when it attaches. */
export interface WorkerIdentity {
  readonly worker: string;
  readonly capacity: Resources;
  readonly throttle: number | null;
}

export interface SupervisorOptions extends AttemptsOptions {
  readonly session: string;
  readonly retention: Retention;
  readonly transfers: Transfers;
  readonly drivers: readonly Driver[];
}

/** Copies come within moments, in the messages around a Welcome. */
const refusedMax = 1_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #attempts: LiveAttempts;
  #identity: WorkerIdentity = { worker: "", capacity: noResources, throttle: null };
  #shuttingDown = false;
  /** A copy of a refused launch is refused again, whatever has room by then: the master has given it up. */
  readonly #refused = new Map<AttemptId, LaunchRefused>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#attempts = new LiveAttempts(options);
  }

  get transfers(): Transfers {
    return this.#options.transfers;
  }

  /** Before anything else: attempts of an earlier supervisor, which run on. */
  takeUp(found: readonly TakenUp[]): void {
    for (const one of found) this.#attempts.takeUp(one);
  }

  identify(identity: WorkerIdentity): void {
    this.#identity = identity;
  }

  /** Waits until every launch taken in has started or finished, so that the state omits none. */
  async snapshot(): Promise<SupervisorState> {
    await this.#attempts.settled();
    const { boot, session, ledger, drivers } = this.#options;
    const standings = drivers.map((driver) => driver.standing());
    return {
      kind: "state",
      version: protocolVersion,
      pid: process.pid,
      boot,
      session,
      ledger: ledger.state.identity ?? session,
      epochSeen: ledger.state.epochSeen,
      drivers: standings.flatMap((one) => (one.kind === "available" ? [one.facts] : [])),
      unavailableDrivers: standings.flatMap((one) =>
        one.kind === "unavailable" ? [one.driver] : [],
      ),
      labels: Object.assign({}, ...drivers.map((driver) => driver.labels)),
      live: this.#attempts.allStarted(),
      paused: this.#attempts.paused(),
      unacknowledged: [...ledger.state.finished.values()],
    };
  }

  /** Resolves when the commands are durable. */
  async take(launches: readonly Launch[], stops: readonly Stop[]): Promise<void> {
    for (const launch of launches) this.#takeLaunch(launch);
    for (const stop of stops) this.#takeStop(stop);
    await this.#options.ledger.commit();
  }

  /** Pauses a live attempt, or lets it go on. */
  hold(attempt: AttemptId, paused: boolean): Promise<Result<null, string>> {
    return this.#attempts.hold(attempt, paused);
  }

  /** A master has taken this worker in, without the attempts in `kill`. */
  welcomed(epoch: number, kill: readonly AttemptId[]): void {
    if (epoch < this.#options.ledger.state.epochSeen) return;
    this.#raiseEpoch(epoch);
    for (const attempt of kill) this.#attempts.stop(attempt, { kind: "cancelled" });
  }

  renew(sentAtMonotonicMs: number): void {
    this.#attempts.renew(sentAtMonotonicMs);
  }

  /** A master has made these reports durable. */
  forget(attempts: readonly AttemptId[]): void {
    const { ledger, retention } = this.#options;
    const known = attempts.filter((attempt) => ledger.state.finished.has(attempt));
    if (known.length === 0) return;
    this.#note({ kind: "forgotten", attempts: known });
    retention.retain(known);
  }

  /** Nothing lives and every report is acknowledged. */
  isIdle(): boolean {
    return this.#attempts.size === 0 && this.#options.ledger.state.finished.size === 0;
  }

  /** Stops every attempt, with its grace, and resolves when their ends are durable. */
  async shutdown(): Promise<void> {
    this.#shuttingDown = true;
    await this.#attempts.stopAll({ kind: "supervisor_lost" });
    await this.#options.retention.idle();
  }

  #takeLaunch(launch: Launch): void {
    const { attempt, epoch } = launch;
    if (this.#refuseStale(attempt, epoch) || this.#answerKnown(attempt)) return;
    if (this.#shuttingDown) {
      return this.#refuse(attempt, "shutting_down", "the worker is being stopped");
    }
    const { drivers, ledger } = this.#options;
    const driver = drivers.find((one) => one.name === launch.driver);
    if (driver === undefined) {
      return this.#refuse(attempt, "unknown_driver", `no driver ${launch.driver} here`);
    }
    const { capacity } = this.#identity;
    const missing = exceeding(
      addResources(this.#attempts.usage(), chargedResources(launch)),
      capacity,
    );
    if (missing.length > 0) {
      return this.#refuse(attempt, "no_capacity", `not enough free: ${missing.join(", ")}`);
    }
    this.#raiseEpoch(epoch);
    try {
      ledger.append({ kind: "launched", attempt, driver: driver.name, terms: termsOf(launch) });
    } catch (error) {
      const message = `cannot record the launch: ${messageOf(error)}`;
      return this.#refuse(attempt, "no_capacity", message);
    }
    const { worker, throttle } = this.#identity;
    this.#attempts.begin(launch, driver, { worker, throttle }, capacity);
  }

  #takeStop({ attempt, epoch, reason, graceMs }: Stop): void {
    if (this.#refuseStale(attempt, epoch)) return;
    this.#raiseEpoch(epoch);
    this.#attempts.stop(attempt, { kind: reason }, graceMs);
  }

  /** True if the attempt is known, whatever became of it; then it has been answered. */
  #answerKnown(attempt: AttemptId): boolean {
    const { ledger, emit, log } = this.#options;
    if (this.#attempts.has(attempt)) {
      const started = this.#attempts.started(attempt);
      if (started !== null) emit({ kind: "started", started });
      return true;
    }
    const finished = ledger.state.finished.get(attempt) ?? ledger.state.retained.get(attempt);
    const refused = this.#refused.get(attempt);
    if (finished !== undefined) emit({ kind: "finished", finished });
    else if (refused !== undefined) emit({ kind: "refused", refused });
    else if (!ledger.state.tombstones.has(attempt)) return false;
    else log.warn({ attempt }, "launch of an attempt that ended long ago, not started");
    return true;
  }

  #refuseStale(attempt: AttemptId, epoch: number): boolean {
    const { epochSeen } = this.#options.ledger.state;
    if (epoch >= epochSeen) return false;
    this.#refuse(attempt, "stale_epoch", `epoch ${epoch}, ${epochSeen} was seen`);
    return true;
  }

  #refuse(attempt: AttemptId, reason: RefusalReason, message: string): void {
    const refused = { attempt, reason, message };
    this.#refused.set(attempt, refused);
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= refusedMax) break;
      this.#refused.delete(oldest);
    }
    this.#options.emit({ kind: "refused", refused });
  }

  #raiseEpoch(epoch: number): void {
    if (epoch > this.#options.ledger.state.epochSeen) this.#note({ kind: "epoch", epoch });
  }

  /** For what may be lost if the disk is full: attempts must not die of it. */
  #note(record: LedgerRecord): void {
    try {
      this.#options.ledger.append(record);
    } catch (error) {
      const fields = { error: messageOf(error), kind: record.kind };
      this.#options.log.error(fields, "cannot write the ledger");
    }
  }
}
