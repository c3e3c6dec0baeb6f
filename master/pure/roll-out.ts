/** The adopted plan played forward many times (core/roll-outs): when each job may be done. */
import { orderOf } from "../../core/decode.js";
import { corrected, type RolledFinish } from "../../core/finish-calibration.js";
import type { JobId } from "../../core/ids.js";
import type { Plan } from "../../core/plan.js";
import {
  beginRollOuts,
  type Doubts,
  quantileOfEnds,
  type RollOuts,
  samplesFor,
} from "../../core/roll-outs.js";
import { estimateOf } from "./estimates.js";
import { lastingChoice } from "./forecast.js";
import { digest } from "./hash.js";
import { elapsedMs, pauseAheadMs } from "./pausing.js";
import { type BuiltProblem, buildProblem } from "./problem.js";
import { rebuildPlan } from "./rebuild.js";
import type { Job, State, Task } from "./state.js";
import { liveAttempt } from "./state.js";

export type Finishes = ReadonlyMap<JobId, RolledFinish>;

export const noFinishes: Finishes = new Map();

export interface Rolling {
  readonly built: BuiltProblem;
  readonly rollOuts: RollOuts;
  /** Jobs with work of which nobody knows how long it takes: their ends would be made up. */
  readonly unknown: ReadonlySet<Job>;
}

export interface RollingOptions {
  /** Absent: as many as a window of the size affords. */
  readonly samplesMax?: number | undefined;
  /** A job that nobody has submitted: its name is drawn anew each time, and says nothing. */
  readonly imagined?: Job;
}

/** null where the plan has no place for all that is to be planned. */
export function rollAdopted(
  state: State,
  nowMs: number,
  options: RollingOptions = {},
): Rolling | null {
  const built = buildProblem(state, nowMs, "free");
  const median = rebuildPlan(built, (task) => state.plan.entries.get(task));
  return median === null ? null : rollPlan(state, built, median, options);
}

/** Begins; `rollOn` of core plays on. */
export function rollPlan(
  state: State,
  built: BuiltProblem,
  median: Plan,
  { samplesMax, imagined }: RollingOptions = {},
): Rolling {
  const { problem, tasks, jobs, workers } = built;
  const rollOuts = beginRollOuts({
    problem,
    order: orderOf(median),
    choice: lastingChoice(workers, median),
    doubts: doubtsOf(built, imagined),
    samples: samplesFor(problem.tasks.count, samplesMax),
    watched: Int32Array.from(jobs, (_, index) => tasks.length + index),
  });
  return { built, rollOuts, unknown: withUnknown(state, tasks) };
}

/** Of the jobs in the plan, when all has been played. */
export function finishesOf({ built, rollOuts, unknown }: Rolling): Finishes {
  const { originMs, tickMs } = built.problem;
  const finishes = new Map<JobId, RolledFinish>();
  built.jobs.forEach((job, index) => {
    if (unknown.has(job)) return;
    const at = (share: number): number =>
      Math.max(1, Math.round(quantileOfEnds(rollOuts, index, share) * tickMs));
    const range = { p50Ms: at(0.5), p90Ms: at(0.9) };
    finishes.set(job.id, { fromMs: originMs, range });
  });
  return finishes;
}

/** Tasks that are alike are asked about once. */
function withUnknown(state: State, tasks: readonly Task[]): ReadonlySet<Job> {
  const unknown = new Set<Job>();
  const asked = new Set<Task["ways"]>();
  for (const task of tasks) {
    if (task.entry.estimate !== null || asked.has(task.ways)) continue;
    asked.add(task.ways);
    if (estimateOf(state, task).source === "unknown") unknown.add(task.job);
  }
  return unknown;
}

/** As a user is told. */
export function correctedFinish(
  { calibration }: Pick<State, "calibration">,
  { fromMs, range }: RolledFinish,
): { readonly p50AtMs: number; readonly p90AtMs: number } {
  const { p50Ms, p90Ms } = corrected(calibration.jobs, range);
  return { p50AtMs: fromMs + p50Ms, p90AtMs: fromMs + p90Ms };
}

/** Tasks of one template of one job share half of their errors. */
function doubtsOf({ problem, tasks }: BuiltProblem, imagined: Job | undefined): Doubts {
  const { originMs, tickMs } = problem;
  const nameOf = (job: Job): string => (job === imagined ? "imagined" : job.id);
  const live = tasks.map(liveAttempt);
  return {
    own: Uint32Array.from(tasks, ({ job, entry }) => seedOf(`${nameOf(job)}/${entry.name}`)),
    shared: Uint32Array.from(tasks, ({ job, template }) =>
      seedOf(`${nameOf(job)}//${template.name}`),
    ),
    ranFor: Float64Array.from(live, (attempt) =>
      attempt === null ? 0 : elapsedMs(attempt, originMs) / tickMs,
    ),
    standsFor: Float64Array.from(live, (attempt) =>
      attempt === null ? 0 : pauseAheadMs(attempt, originMs) / tickMs,
    ),
  };
}

const seedOf = (name: string): number => digest(name)[0];
