/**
 * Schedules of a task graph from an order and a choice of workers: each activity is appended to its
 * worker as soon as its data is there. In the order of their starts all schedules that cannot be
 * shifted to the left are among them, so an optimal one is.
 */
import { type Plan, planOfFacts } from "../../core/plan.js";
import { never, type ProcessorModel } from "./model.js";

export interface Schedule {
  /** Activities, each behind all that it waits for. */
  readonly order: Int32Array;
  readonly worker: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Scratch: when each worker is free. */
  readonly free: Int32Array;
}

export function createSchedule({ activities, workers }: ProcessorModel): Schedule {
  return {
    order: new Int32Array(activities).map((_, activity) => activity),
    worker: new Int32Array(activities),
    start: new Int32Array(activities),
    end: new Int32Array(activities),
    free: new Int32Array(workers),
  };
}

export function copySchedule(from: Schedule, to: Schedule): void {
  to.order.set(from.order);
  to.worker.set(from.worker);
  to.start.set(from.start);
  to.end.set(from.end);
}

/** Start of an activity on a worker, were the worker free: data and releases alone. */
export function dataReady(
  model: ProcessorModel,
  schedule: Schedule,
  activity: number,
  worker: number,
): number {
  const { arcs, workers } = model;
  const { from, lag, into, apart, links, linkOf } = arcs;
  let at = model.earliest[activity * workers + worker] as number;
  const last = into[activity + 1] as number;
  for (let arc = into[activity] as number; arc < last; arc++) {
    const before = from[arc] as number;
    const on = schedule.worker[before] as number;
    const wait =
      on === worker
        ? (lag[arc] as number)
        : (apart[
            (arc * links + (linkOf[on] as number)) * links + (linkOf[worker] as number)
          ] as number);
    const ready = (schedule.end[before] as number) + wait;
    if (ready > at) at = ready;
  }
  return at;
}

/** Times from order and workers. Returns the makespan, or `never` once it is at least `limit`. */
export function timeSchedule(
  model: ProcessorModel,
  schedule: Schedule,
  tail: Int32Array,
  limit: number,
): number {
  const { workers, duration } = model;
  const { order, worker, start, end, free } = schedule;
  free.fill(0);
  let makespan = model.floor;
  for (let place = 0; place < order.length; place++) {
    const activity = order[place] as number;
    const on = worker[activity] as number;
    const ready = dataReady(model, schedule, activity, on);
    const at = ready > (free[on] as number) ? ready : (free[on] as number);
    const until = at + (duration[activity * workers + on] as number);
    start[activity] = at;
    end[activity] = until;
    free[on] = until;
    const path = until + (tail[activity] as number);
    if (path > makespan) {
      if (path >= limit) return never;
      makespan = path;
    }
  }
  return makespan;
}

/**
 * As `timeSchedule`, with each activity on the worker where it ends first; of those the one that
 * is left idle the shortest.
 */
export function placeSchedule(
  model: ProcessorModel,
  schedule: Schedule,
  tail: Int32Array,
  limit: number,
): number {
  const { workers, duration } = model;
  const { order, worker, start, end, free } = schedule;
  free.fill(0);
  let makespan = model.floor;
  for (let place = 0; place < order.length; place++) {
    const activity = order[place] as number;
    let best = 0;
    let bestEnd = never;
    let bestStart = 0;
    let bestIdle = never;
    // Alike workers without transfers have one time of readiness.
    const ready = model.alike ? dataReady(model, schedule, activity, 0) : 0;
    for (let on = 0; on < workers; on++) {
      const time = duration[activity * workers + on] as number;
      if (time >= never) continue;
      const since = free[on] as number;
      const at = Math.max(since, model.alike ? ready : dataReady(model, schedule, activity, on));
      if (at + time > bestEnd || (at + time === bestEnd && at - since >= bestIdle)) continue;
      best = on;
      bestStart = at;
      bestEnd = at + time;
      bestIdle = at - since;
    }
    worker[activity] = best;
    start[activity] = bestStart;
    end[activity] = bestEnd;
    free[best] = bestEnd;
    const path = bestEnd + (tail[activity] as number);
    if (path > makespan) {
      if (path >= limit) return never;
      makespan = path;
    }
  }
  return makespan;
}

/** Null if something that it places ends beyond the horizon; what runs already may. */
export function planOfSchedule(model: ProcessorModel, schedule: Schedule): Plan | null {
  const { problem, workers, task, milestones } = model;
  const plan = planOfFacts(problem);
  task.forEach((of, activity) => {
    const on = schedule.worker[activity] as number;
    plan.option[of] = model.option[activity * workers + on] as number;
    plan.worker[of] = on;
    plan.start[of] = schedule.start[activity] as number;
    plan.end[of] = schedule.end[activity] as number;
  });
  placeMilestones(model, plan);
  const isLate = (of: number): boolean => (plan.end[of] as number) > problem.horizon;
  return task.some(isLate) || milestones.some(({ task: of }) => isLate(of)) ? null : plan;
}

/** Milestones as early as what they wait for allows. */
function placeMilestones({ problem, milestones }: ProcessorModel, plan: Plan): void {
  const { tasks, edges } = problem;
  for (const { task, edges: waits } of milestones) {
    let at = Math.max(0, tasks.release[task] as number);
    for (const edge of waits) {
      const end = plan.end[edges.from[edge] as number] as number;
      at = Math.max(at, end + (edges.lag[edge] as number));
    }
    plan.start[task] = at;
    plan.end[task] = at;
  }
}
