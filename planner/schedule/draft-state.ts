/** A schedule in the making: its columns, what it looks at next, and what a checkpoint keeps of it. */
import type { Choice } from "../../core/decode.js";
import { none } from "../../core/problem.js";
import type { Timeline } from "../../core/timeline.js";
import type { Kernel } from "./kernel.js";
import type { Side } from "./side.js";

export interface Placement {
  option: number;
  worker: number;
  /** none: there is no place. */
  start: number;
  end: number;
  /** The end, and in ticks what else the place costs. */
  score: number;
}

/** What a search for a place may not leave. */
export interface Window {
  from: number;
  /** Latest start and latest end. */
  to: number;
  endBy: number;
}

export const createPlacement = (): Placement => ({
  option: none,
  worker: none,
  start: none,
  end: Number.POSITIVE_INFINITY,
  score: Number.POSITIVE_INFINITY,
});

/**
 * A schedule being built. It is complete after a decode that returned a finite value. A task that is
 * left out has the option `leaveOut`, no worker, and stands where it could have started.
 */
export interface Draft extends Choice {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly devices: Uint32Array;
  /** [workers] Before this time no task finds room on the worker any more. */
  readonly usefulFrom: Int32Array;
  readonly side: Side;
  /** How dearly prices of places are taken against ends; 0: not at all. */
  thrift: number;
  /** [tasks × workers] Ticks to be counted against each place besides its end; null: none. */
  ahead: Float64Array | null;
  /** A worker to look at first, for its end rules others out early; none for none. */
  hint: number;
  /** The choice that is being decoded. */
  wantedOption: Int32Array;
  wantedWorker: Int32Array;
  /** The place found last. */
  readonly best: Placement;
  readonly window: Window;
  /** Tasks that must be planned and are not, or too late. 0: it is a plan. */
  misses: number;
  /** Work units of all decodes so far. */
  workUnits: number;
  /** Rotates through classes with more workers than are tried. */
  rotation: number;
}

/** The schedule of the first tasks of an order, from which a decode may go on. */
export interface Checkpoint {
  /** Tasks of the order that are placed. */
  placed: number;
  readonly workers: readonly Timeline[];
  readonly pools: readonly Timeline[];
  readonly usefulFrom: Int32Array;
  readonly side: Side;
  /** Last end, last end with the tail behind it, and the tasks' own parts of the value. */
  makespan: number;
  critical: number;
  sum: number;
  misses: number;
}

const noSide: Side = {
  slack: new Float64Array(0),
  taken: new Int32Array(0),
  takers: new Int32Array(0),
  used: new Int32Array(0),
  settled: new Uint8Array(0),
};

/** A side for the kernel's rules; an empty one where there are none. */
export function sideOf({ rules }: Kernel): Side {
  if (rules === null) return noSide;
  const { slack, taken, takers, used, settled } = rules.facts;
  return {
    slack: slack.slice(),
    taken: taken.slice(),
    takers: takers.slice(),
    used: used.slice(),
    settled: settled.slice(),
  };
}

export function createDraft(kernel: Kernel): Draft {
  const { count } = kernel.problem.tasks;
  return {
    option: new Int32Array(count).fill(none),
    worker: new Int32Array(count).fill(none),
    start: new Int32Array(count),
    end: new Int32Array(count),
    devices: new Uint32Array(count),
    usefulFrom: new Int32Array(kernel.problem.workers.count),
    side: sideOf(kernel),
    thrift: 1,
    ahead: null,
    hint: none,
    wantedOption: new Int32Array(0),
    wantedWorker: new Int32Array(0),
    best: createPlacement(),
    window: { from: 0, to: 0, endBy: 0 },
    misses: 0,
    workUnits: 0,
    rotation: 0,
  };
}
