/**
 * Owns the state. Commands are decided one after another, events are folded at once, and nothing
 * leaves (replies, commands to workers, notices, reads) until the journal is durable up to what it
 * saw. One append serves all commands of a turn of the event loop.
 */
import type { Logger } from "pino";
import type { Clock, Timer } from "../../core/clock.js";
import type { WorkerId } from "../../core/ids.js";
import type { Result } from "../../core/result.js";
import type { Heartbeat } from "../../core/session.js";
import type { Journal, JournalRecord } from "../journal/journal.js";
import { authorize } from "../pure/authorize.js";
import type { Command, Reply } from "../pure/commands.js";
import { effects, type WorkerCommands } from "../pure/effects.js";
import type { Recorded } from "../pure/events.js";
import { needsPlacement } from "../pure/place.js";
import type { State } from "../pure/state.js";
import { step } from "../pure/step.js";
import { nextWake } from "../pure/tick.js";

/** Who is told of what has happened. */
export interface Outlets {
  /** At once: whoever renders the state must know all that has changed in it. Nothing leaves yet. */
  readonly folded: (events: readonly Recorded[]) => void;
  /** Once it is durable, like everything that leaves. */
  readonly toWorker: (worker: WorkerId, commands: WorkerCommands) => void;
  readonly happened: (events: readonly Recorded[]) => void;
}

export interface EngineOptions {
  readonly state: State;
  readonly journal: Journal;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called once; the process must end, for what was evolved cannot be rolled back. */
  readonly onFatal: (error: Error) => void;
}

/** How often time is looked at: timers and backfill are this coarse. */
const tickIntervalMs = 50;
/** A master that was held for longer, with its process or its machine, was deaf meanwhile. */
const deafMs = 1_000;
/** A placement may take this share of the event loop's time at most. */
const placementShare = 0.2;

export class Engine {
  readonly state: State;
  /** When each worker was last heard of: the shell's knowledge, lost with the process. */
  readonly lastHeard = new Map<WorkerId, number>();
  /** What each last said of its load: for people, never for decisions. */
  readonly heartbeats = new Map<WorkerId, Heartbeat>();
  readonly #options: EngineOptions;
  #outlets: Outlets = { folded: () => {}, toWorker: () => {}, happened: () => {} };
  #unwritten: Recorded[] = [];
  /** Resolves when what this turn of the event loop decided has gone to the journal. */
  #flushing: Promise<void> | null = null;
  #durable: Promise<void> = Promise.resolve();
  #placeNotBeforeMs = 0;
  /** `state.facts` at the last placement: what fits nowhere is not tried again until they change. */
  #placedFacts = -1;
  #timer: Timer | null = null;
  #tickedAtMs = 0;
  #failed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.state = options.state;
  }

  /** Starts the passing of time. A new leader starts all silence clocks anew. */
  start(outlets: Outlets): void {
    this.#outlets = outlets;
    const nowMs = this.nowMs;
    for (const worker of this.state.workers.keys()) this.lastHeard.set(worker, nowMs);
    this.#tickedAtMs = nowMs;
    this.#timer = this.#options.clock.every(tickIntervalMs, () => this.#tick());
  }

  async stop(): Promise<void> {
    this.#timer?.clear();
    this.#flush();
    await this.#durable;
  }

  get nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Answers when everything that the command saw and did is durable. */
  async execute(command: Command, principal: string): Promise<Result<Reply>> {
    const reply = this.#step(command, principal);
    await this.durable();
    return reply;
  }

  /** Reads the state as it is, and lets the answer out when all it rests on is durable. */
  async read<T>(query: (state: State) => T): Promise<T> {
    const answer = query(this.state);
    await this.durable();
    return answer;
  }

  /** Everything folded so far is in the journal. */
  async durable(): Promise<void> {
    await this.#flushing;
    await this.#durable;
  }

  #step(command: Command, principal: string): Result<Reply> {
    const denied = authorize(principal, command, this.state);
    if (denied !== null) return { ok: false, error: denied };
    const { events, reply } = step(this.state, command, principal, this.nowMs);
    for (const event of events) this.#unwritten.push(event);
    if (events.length > 0) {
      this.#outlets.folded(events);
      this.#scheduleFlush();
    }
    return reply;
  }

  #scheduleFlush(): void {
    this.#flushing ??= new Promise((resolve) => {
      this.#options.clock.soon(() => {
        this.#flush();
        resolve();
      });
    });
  }

  #tick(): void {
    const nowMs = this.nowMs;
    this.#allowForDeafness(nowMs - this.#tickedAtMs);
    this.#tickedAtMs = nowMs;
    const wakeAtMs = nextWake(this.state, this.lastHeard);
    if (wakeAtMs !== null && wakeAtMs <= nowMs) {
      this.#step({ type: "Tick", lastHeard: this.lastHeard }, "master");
    }
    if (this.state.index.ready.size > 0) {
      this.#followUp();
      if (this.#unwritten.length > 0) this.#scheduleFlush();
    }
  }

  /**
   * What workers said while this process was held waits to be read. Silence counted meanwhile would
   * lose them all at once; without it each has as much of its time left as it had.
   */
  #allowForDeafness(sinceTickMs: number): void {
    if (sinceTickMs <= deafMs) return;
    for (const [worker, heardAtMs] of this.lastHeard) {
      this.lastHeard.set(worker, heardAtMs + sinceTickMs);
    }
  }

  /** Place what has no reservation, then start what may start. */
  #followUp(): void {
    const beganMs = this.nowMs;
    const due = this.state.facts !== this.#placedFacts && beganMs >= this.#placeNotBeforeMs;
    if (due && needsPlacement(this.state)) {
      this.#step({ type: "Place" }, "master");
      this.#placedFacts = this.state.facts;
      const endedMs = this.nowMs;
      this.#placeNotBeforeMs = endedMs + (endedMs - beganMs) / placementShare;
    }
    this.#step({ type: "Dispatch" }, "master");
  }

  #flush(): void {
    this.#flushing = null;
    if (this.#unwritten.length === 0 || this.#failed) return;
    this.#followUp();
    const events = this.#unwritten;
    this.#unwritten = [];
    const commands = effects(this.state, events);
    const written = this.#append(events);
    this.#durable = written.then(() => {
      for (const [worker, list] of commands) this.#outlets.toWorker(worker, list);
      this.#outlets.happened(events);
    });
    this.#durable.catch((error: unknown) => this.#fail(error));
  }

  async #append(events: readonly Recorded[]): Promise<void> {
    const { journal } = this.#options;
    const before = (events[0]?.seq ?? 1) - 1;
    await journal.append(this.state.epoch, before, events.map(toRecord));
  }

  /** A failed or fenced append ends the process: nothing is rolled back. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#timer?.clear();
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#options.log.fatal({ err: cause }, "the journal refused an append");
    this.#options.onFatal(cause);
  }
}

const toRecord = (recorded: Recorded): JournalRecord => ({
  sequence: recorded.seq,
  payload: JSON.stringify(recorded),
});
