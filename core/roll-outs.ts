/**
 * When jobs will be done, as a distribution: the plan is played many times with durations drawn
 * from the estimates, each time decoded with the same workers in the same order. Adding up p90
 * durations instead would give ends that almost nothing reaches: what is late here is early there,
 * but for the last of many parallel tasks, which is late more often than any of them by itself.
 *
 * - Errors of like tasks go together: half of a logarithm's variance is the task's own, half is
 *   shared by those of its kind in its job. With errors all its own, a job of a hundred like tasks
 *   would seem certain to a few percent; but an estimate that is wrong for one is often wrong for
 *   all, for they work on the same data. Traces say neither 0 nor 1; a half is between them, and
 *   what it leaves out is corrected by what has come of earlier foresights (finish-calibration.ts).
 * - Numbers are common: a task draws the same places in its distribution in every roll-out of its
 *   life, so that two looks at one plan give one answer.
 * - What runs is drawn from what is left of it (drawn-duration.ts).
 *
 * Hard deadlines are left aside: what starts in time goes on to its end. Work is counted in probes,
 * as of `goOn`, so that it can be done in slices.
 */
import { beginDecoding, type Choice, type Decoding, goOn } from "./decode.js";
import { drawDuration, drawRemaining } from "./drawn-duration.js";
import { fromUpperTail } from "./normal.js";
import { type Idle, idleOf, type Prepared, prepare, prepareAgain } from "./prepare.js";
import { none, type OptionColumns, type Problem, taskFree, taskRunning } from "./problem.js";
import { uniformAt } from "./random.js";

/** What is doubtful, by task of the problem; tasks from `length` on take what the problem says. */
export interface Doubts {
  /** Seeds of a task's own errors, and of those that it shares. */
  readonly own: Uint32Array;
  readonly shared: Uint32Array;
  /** Ticks for which a running task has run. */
  readonly ranFor: Float64Array;
  /** Ticks that a running task will stand still. */
  readonly standsFor: Float64Array;
}

export interface RollOutOrder {
  readonly problem: Problem;
  /** As `decode` takes them. */
  readonly order: Int32Array;
  readonly choice: Choice;
  readonly doubts: Doubts;
  /** How many times the plan is played. */
  readonly samples: number;
  /** Tasks whose ends are asked for: milestones of jobs. */
  readonly watched: Int32Array;
}

export interface RollOuts {
  readonly order: RollOutOrder;
  /** [watched × samples] ticks; a task that found no place stands at the horizon. */
  readonly ends: Int32Array;
  readonly spread: Spread;
  /** Samples that are done. */
  played: number;
  /** The sample that is being played, or was played last; null: none was begun. */
  decoding: Decoding | null;
  begun: number;
}

/** The problem with a row of options for each task, whose durations are drawn anew each time. */
interface Spread {
  readonly problem: Problem;
  readonly prepared: Prepared;
  readonly idle: Idle;
  readonly choice: Choice;
  readonly p50: Int32Array;
  readonly p90: Int32Array;
  /** [tasks + 1] the options of each task. */
  readonly first: Uint32Array;
}

/** As many as a window of this size affords. */
export function samplesFor(tasks: number, samplesMax: number = usualSamples): number {
  return Math.min(samplesMax, Math.max(leastSamples, Math.floor(placesMax / Math.max(1, tasks))));
}

const usualSamples = 120;
const leastSamples = 40;
const placesMax = 150_000;

export function beginRollOuts(order: RollOutOrder): RollOuts {
  return {
    order,
    ends: new Int32Array(order.watched.length * order.samples),
    spread: spreadOptions(order),
    played: 0,
    decoding: null,
    begun: 0,
  };
}

/** Plays on until about so many places have been looked at; true when all is played. */
export function rollOn(rollOuts: RollOuts, probes: number): boolean {
  let left = probes;
  while (left > 0) {
    if (rollOuts.played === rollOuts.order.samples) return true;
    if (rollOuts.begun === rollOuts.played) {
      rollOuts.decoding = beginSample(rollOuts);
      rollOuts.begun += 1;
      // To draw and prepare costs about a third of what placing does.
      left -= rollOuts.order.problem.tasks.count / 3;
    }
    const decoding = rollOuts.decoding as Decoding;
    const before = decoding.probes;
    const isDone = goOn(decoding, Math.max(1, left));
    left -= decoding.probes - before;
    if (!isDone) continue;
    noteEnds(rollOuts, decoding);
    rollOuts.played += 1;
  }
  return rollOuts.played === rollOuts.order.samples;
}

/** Ticks by which so large a share of the samples have the watched task done; linear between two. */
export function quantileOfEnds({ order, ends }: RollOuts, watched: number, share: number): number {
  const { samples } = order;
  const sorted = ends.slice(watched * samples, (watched + 1) * samples).sort();
  const place = Math.min(samples - 1, Math.max(0, share * (samples + 1) - 1));
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

function noteEnds({ order, ends, played }: RollOuts, { plan }: Decoding): void {
  order.watched.forEach((task, index) => {
    ends[index * order.samples + played] = plan.end[task] as number;
  });
}

function beginSample(rollOuts: RollOuts): Decoding {
  const { order, spread, played } = rollOuts;
  const { doubts } = order;
  const { problem, p50, p90, first } = spread;
  const { duration } = problem.options;
  const { state, fixedEnd, fixedOption } = problem.tasks;
  for (let task = 0; task < doubts.own.length; task++) {
    const z = placeOf(doubts, task, played);
    if (state[task] === taskRunning) {
      const option = fixedOption[task] as number;
      const estimate = { p50: p50[option] as number, p90: p90[option] as number };
      const left = drawRemaining(estimate, doubts.ranFor[task] as number, z);
      fixedEnd[task] = wholeTicks(left + (doubts.standsFor[task] as number), problem.horizon);
      continue;
    }
    const last = first[task + 1] as number;
    for (let option = first[task] as number; option < last; option++) {
      const estimate = { p50: p50[option] as number, p90: p90[option] as number };
      duration[option] = wholeTicks(drawDuration(estimate, z), problem.horizon);
    }
  }
  prepareAgain(spread.prepared, spread.idle);
  return beginDecoding(spread.prepared, order.order, spread.choice);
}

/** Standard normal: half of its variance shared. */
function placeOf({ own, shared }: Doubts, task: number, sample: number): number {
  const mine = fromUpperTail(uniformAt(own[task] as number, sample));
  const common = fromUpperTail(uniformAt(shared[task] as number, sample));
  return (mine + common) * Math.SQRT1_2;
}

const wholeTicks = (ticks: number, horizon: number): number =>
  Math.min(horizon, Math.max(1, Math.ceil(ticks)));

function spreadOptions({ problem, choice }: RollOutOrder): Spread {
  const { tasks, options } = problem;
  const { count, block } = tasks;
  const rows: number[] = [];
  const first = new Uint32Array(count + 1);
  const option = choice.option.slice();
  const fixedOption = tasks.fixedOption.slice();
  for (let task = 0; task < count; task++) {
    first[task] = rows.length;
    const isRunning = tasks.state[task] === taskRunning;
    const chosen = (isRunning ? fixedOption[task] : option[task]) as number;
    if (block[task] === none) continue;
    if (chosen >= 0) {
      if (isRunning) fixedOption[task] = rows.length;
      else option[task] = rows.length;
      rows.push(chosen);
      continue;
    }
    // Free to go anywhere, or left out.
    const from = options.blockFirst[block[task] as number] as number;
    const to = options.blockFirst[(block[task] as number) + 1] as number;
    for (let each = from; each < to; each++) rows.push(each);
  }
  first[count] = rows.length;
  const spread = optionsAt(options, rows, first);
  const drawn: Problem = {
    ...problem,
    options: spread,
    tasks: {
      ...tasks,
      block: block.map((own, task) => (own === none ? none : task)),
      hardDue: new Int32Array(count).fill(none),
      // Options of before are other rows now, and nothing is kept: the choice says it all.
      previousOption: new Int32Array(count).fill(none),
      state: tasks.state.map((state) => (state === taskRunning ? taskRunning : taskFree)),
      fixedOption,
      fixedEnd: tasks.fixedEnd.slice(),
    },
  };
  return {
    problem: drawn,
    prepared: prepare(drawn),
    idle: idleOf(drawn),
    choice: { option, worker: choice.worker },
    p50: spread.duration.slice(),
    p90: spread.durationP90,
    first,
  };
}

function optionsAt(
  options: OptionColumns,
  rows: readonly number[],
  blockFirst: Uint32Array,
): OptionColumns {
  const at = (row: number): number => rows[row] as number;
  const count = rows.length;
  const poolFirst = new Uint32Array(count + 1);
  const pools: number[] = [];
  for (let row = 0; row < count; row++) {
    poolFirst[row] = pools.length;
    const to = options.poolFirst[at(row) + 1] as number;
    for (let entry = options.poolFirst[at(row)] as number; entry < to; entry++) pools.push(entry);
  }
  poolFirst[count] = pools.length;
  return {
    count,
    blockFirst,
    class: Uint16Array.from(rows, (row) => options.class[row] as number),
    worker: Int32Array.from(rows, (row) => options.worker[row] as number),
    duration: Int32Array.from(rows, (row) => options.duration[row] as number),
    durationP90: Int32Array.from(rows, (row) => options.durationP90[row] as number),
    demandRow: Uint32Array.from(rows, (row) => options.demandRow[row] as number),
    demand: options.demand,
    gpuRequest: Int32Array.from(rows, (row) => options.gpuRequest[row] as number),
    cost: Float64Array.from(rows, (row) => options.cost[row] as number),
    poolFirst,
    poolIndex: Uint16Array.from(pools, (entry) => options.poolIndex[entry] as number),
    poolAmount: Int32Array.from(pools, (entry) => options.poolAmount[entry] as number),
  };
}
