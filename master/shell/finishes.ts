/**
 * When jobs will be done: roll-outs of the adopted plan, in slices between turns of the event loop
 * so that nobody waits for them. A round is played when a job comes in that nothing was promised
 * for, and while somebody asks and the last one has aged; who asks after a while waits for one. What
 * a round says is up to a few seconds old. Between two rounds is a rest that grows with their cost.
 */
import type { Clock, Timer } from "../../core/clock.js";
import type { JobId } from "../../core/ids.js";
import { rollOn } from "../../core/roll-outs.js";
import { estimateOf } from "../pure/estimates.js";
import type { Recorded } from "../pure/events.js";
import { mayBePromised } from "../pure/promises.js";
import {
  type Finishes,
  finishesOf,
  noFinishes,
  type Rolling,
  rollAdopted,
} from "../pure/roll-out.js";
import type { Job, Task } from "../pure/state.js";
import type { Engine } from "./engine.js";

export interface FinishesOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Absent: as many as a window of the size affords. */
  readonly samplesMax?: number | undefined;
}

const pollMs = 100;
/** Somebody who asked so long ago may ask again. */
const askedMs = 3_000;
/** What a round said is as good as new for so long. */
const ageMaxMs = 1_000;
/** Older than this it is not told before a new round has been waited for, for so long at most. */
const staleMs = 3_000;
const waitMaxMs = 500;
/** Between two looks at whether a job can be promised something that could not be before. */
const lookMs = 1_000;
/** Share of the event loop's time that rounds may take. */
const share = 0.15;
/** A turn of the event loop goes on for so long, and by one small step more at most. */
const turnMs = 3;
const stepProbes = 500;

export class RolledFinishes {
  readonly #options: FinishesOptions;
  #current: Finishes = noFinishes;
  #rolledAtMs = 0;
  #sequence = -1;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = 0;
  #lookAtMs = 0;
  /** The round that is being played. */
  #round: Promise<void> | null = null;
  /** Jobs that nothing was promised for, while something may still be. */
  readonly #fresh = new Set<JobId>();
  #timer: Timer | null = null;

  constructor(options: FinishesOptions) {
    this.#options = options;
  }

  start(): void {
    const { engine, clock } = this.#options;
    for (const job of engine.state.index.openJobs) this.#fresh.add(job.id);
    this.#timer = clock.every(pollMs, () => this.#poll());
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = null;
  }

  /** What the last round said. */
  get(): Finishes {
    this.#askedAtMs = this.#options.engine.nowMs;
    return this.#current;
  }

  /** Resolves when what `get` says is new enough and knows of the job, or when that takes long. */
  async upToDate(job: JobId | null): Promise<void> {
    const { engine, clock } = this.#options;
    this.#askedAtMs = engine.nowMs;
    const isOld = engine.nowMs - this.#rolledAtMs >= staleMs;
    const isNews = job !== null && this.#fresh.has(job) && !this.#current.has(job);
    if (engine.state.index.openJobs.size === 0 || !(isOld || isNews)) return;
    this.#poll();
    if (this.#round === null) return;
    let timer: Timer | null = null;
    const patience = new Promise<void>((resolve) => {
      timer = clock.after(waitMaxMs, resolve);
    });
    await Promise.race([this.#round, patience]);
    clearTimer(timer);
  }

  happened(events: readonly Recorded[]): void {
    let isNew = false;
    for (const { event } of events) {
      const comes = event.type === "JobSubmitted" || event.type === "JobResumed";
      if (comes) this.#fresh.add(event.job);
      isNew ||= comes;
    }
    if (!isNew) return;
    this.#lookAtMs = 0;
    this.#options.clock.soon(() => this.#poll());
  }

  #poll(): void {
    const { state, nowMs } = this.#options.engine;
    if (this.#timer === null || this.#round !== null || nowMs < this.#notBeforeMs) return;
    const isAsked = nowMs - this.#askedAtMs < askedMs && state.index.openJobs.size > 0;
    const isOld = state.seq !== this.#sequence || nowMs - this.#rolledAtMs >= ageMaxMs;
    if ((isAsked && isOld) || this.#somethingToPromise()) this.#begin();
  }

  #somethingToPromise(): boolean {
    const { engine, clock } = this.#options;
    if (this.#fresh.size === 0 || engine.nowMs < this.#lookAtMs) return false;
    const beganMs = clock.monotonicMs();
    this.#lookAtMs = engine.nowMs + lookMs;
    if (this.#promisable().length > 0) return true;
    this.#rest(clock.monotonicMs() - beganMs);
    return false;
  }

  /** Of what is fresh, what can be foreseen now. What never will be is forgotten. */
  #promisable(): Job[] {
    const { state } = this.#options.engine;
    return [...this.#fresh].flatMap((id) => {
      const job = state.jobs.get(id);
      if (job === undefined || !mayBePromised(job)) {
        this.#fresh.delete(id);
        return [];
      }
      return this.#isForeseeable(job) ? [job] : [];
    });
  }

  /** All of it has a place in the plan, and is of known duration: asked once of tasks alike. */
  #isForeseeable(job: Job): boolean {
    const { state } = this.#options.engine;
    const { plan, index } = state;
    const known = new Set<Task["ways"]>();
    return job.tasks.every((task) => {
      if (job.conditional[task.index] === 1) return true;
      const isLive = task.status.kind === "live" && !index.unknown.has(task);
      if (!isLive && !plan.entries.has(task.id)) return false;
      if (task.entry.estimate !== null || known.has(task.ways)) return true;
      known.add(task.ways);
      return estimateOf(state, task).source !== "unknown";
    });
  }

  #begin(): void {
    const { engine, clock, samplesMax } = this.#options;
    this.#sequence = engine.state.seq;
    const beganMs = clock.monotonicMs();
    const rolling = rollAdopted(engine.state, engine.nowMs, { samplesMax });
    const costMs = clock.monotonicMs() - beganMs;
    if (rolling === null) return this.#rest(costMs);
    this.#round = played(rolling, clock).then((playedMs) => {
      this.#round = null;
      this.#rest(costMs + playedMs);
      this.#take(finishesOf(rolling));
    });
  }

  #rest(costMs: number): void {
    this.#notBeforeMs = this.#options.engine.nowMs + costMs / share;
  }

  #take(finishes: Finishes): void {
    const { engine } = this.#options;
    if (this.#timer === null) return;
    this.#current = finishes;
    this.#rolledAtMs = engine.nowMs;
    const promised = this.#promisable().flatMap(({ id }) => {
      const finish = finishes.get(id);
      return finish === undefined ? [] : [[id, finish] as const];
    });
    if (promised.length === 0) return;
    const command = { type: "ForeseeFinishes" as const, finishes: new Map(promised) };
    engine.execute(command, "master").catch(() => undefined);
  }
}

const clearTimer = (timer: Timer | null): void => timer?.clear();

/** Plays to the end, in slices between turns of the event loop; what it cost, in milliseconds. */
export async function played({ rollOuts }: Rolling, clock: Clock): Promise<number> {
  for (let costMs = 0; ; ) {
    const beganMs = clock.monotonicMs();
    let isDone = false;
    let tookMs = 0;
    while (!isDone && tookMs < turnMs) {
      isDone = rollOn(rollOuts, stepProbes);
      tookMs = clock.monotonicMs() - beganMs;
    }
    costMs += tookMs;
    if (isDone) return costMs;
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}
