/**
 * What is promised on one worker from now on, for the backfill test: few intervals, looked at once,
 * so a plain list beats the planner's timeline. Whole devices and shares count as thousandths.
 */

import { chargedResources } from "../../core/charge.js";
import type { TaskTemplate } from "../../core/job.js";
import type { Resources } from "../../core/resources.js";
import { deviceThousandths } from "../../core/resources.js";
import type { WorkerFacts } from "../../core/worker.js";
import { closedSpans } from "./openness.js";
import type { Task, WorkerRecord } from "./state.js";

/** How far ahead windows are looked at: longer than any queue that a pass walks over. */
const aheadMs = 30 * 86_400_000;

interface Interval {
  readonly startAtMs: number;
  readonly endAtMs: number;
  readonly demand: readonly number[];
}

export class Profile {
  private readonly names: readonly string[];
  private readonly capacity: readonly number[];
  private readonly intervals: Interval[] = [];

  private constructor(facts: WorkerFacts) {
    this.names = Object.keys(facts.capacity.custom);
    const gpu = facts.devices.length * deviceThousandths;
    this.capacity = this.vector(facts.capacity, gpu);
  }

  /** With the worker's live attempts, each to its expected end, and the times it is closed. */
  static ofRunning(
    worker: WorkerRecord,
    nowMs: number,
    stateOf: (task: Task) => { readonly template: TaskTemplate; readonly endAtMs: number },
  ): Profile {
    const profile = new Profile(worker.facts);
    for (const { fromMs, toMs } of closedSpans(worker, nowMs, nowMs + aheadMs)) {
      profile.intervals.push({ startAtMs: fromMs, endAtMs: toMs, demand: profile.capacity });
    }
    for (const task of worker.live.values()) {
      const { template, endAtMs } = stateOf(task);
      profile.add(Number.NEGATIVE_INFINITY, endAtMs, template);
    }
    return profile;
  }

  add(startAtMs: number, endAtMs: number, template: TaskTemplate): void {
    this.intervals.push({ startAtMs, endAtMs, demand: this.demand(template) });
  }

  /** Whether the task fits throughout; use changes only where an interval starts. */
  fits(startAtMs: number, endAtMs: number, template: TaskTemplate): boolean {
    const demand = this.demand(template);
    if (!this.fitsAt(startAtMs, demand)) return false;
    return this.intervals.every(
      (interval) =>
        interval.startAtMs <= startAtMs ||
        interval.startAtMs >= endAtMs ||
        this.fitsAt(interval.startAtMs, demand),
    );
  }

  /** The first moment from `fromMs` on at which the task fits for its duration. */
  earliestFit(fromMs: number, durationMs: number, template: TaskTemplate): number {
    const ends = this.intervals.map((interval) => interval.endAtMs).filter((end) => end > fromMs);
    ends.sort((a, b) => a - b);
    for (const startAtMs of [fromMs, ...ends]) {
      if (this.fits(startAtMs, startAtMs + durationMs, template)) return startAtMs;
    }
    return ends.at(-1) ?? fromMs;
  }

  private fitsAt(atMs: number, demand: readonly number[]): boolean {
    const used = [...demand];
    for (const interval of this.intervals) {
      if (interval.startAtMs > atMs || interval.endAtMs <= atMs) continue;
      for (let d = 0; d < used.length; d++) used[d] = (used[d] ?? 0) + (interval.demand[d] ?? 0);
    }
    return used.every((amount, d) => amount <= (this.capacity[d] ?? 0));
  }

  private demand(template: TaskTemplate): number[] {
    const { gpu } = template;
    const share = gpu?.kind === "share" ? gpu.thousandths : (gpu?.count ?? 0) * deviceThousandths;
    return this.vector(chargedResources(template), share);
  }

  private vector(resources: Resources, gpu: number): number[] {
    return [
      resources.cpuMillis,
      resources.memoryBytes,
      resources.diskBytes,
      resources.networkBps,
      gpu,
      ...this.names.map((name) => resources.custom[name] ?? 0),
    ];
  }
}
