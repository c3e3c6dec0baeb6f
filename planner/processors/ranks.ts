/**
 * First schedules: lists by upward rank, each activity where it ends first (HEFT without insertion:
 * H. Topcuoglu, S. Hariri & M.-Y. Wu, IEEE TPDS 13, 2002), with several shares of the
 * communication in the rank, from none to all of it.
 */
import { never, type ProcessorModel } from "./model.js";
import { placeSchedule, type Schedule } from "./schedule.js";

/** Parts of the communication that count in the rank; the best depends on the graph. */
const shares = [1, 0, 0.5, 2] as const;

/** The best of a few lists, into `best`. Returns its makespan. */
export function rankedSchedule(
  model: ProcessorModel,
  tail: Int32Array,
  trial: Schedule,
  best: Schedule,
): number {
  let least = never;
  for (const share of shares) {
    const rank = upwardRank(model, share);
    // Activities are numbered topologically, so equal ranks keep precedence.
    trial.order.forEach((_, place) => {
      trial.order[place] = place;
    });
    trial.order.sort((a, b) => (rank[b] as number) - (rank[a] as number) || a - b);
    const makespan = placeSchedule(model, trial, tail, least);
    if (makespan >= least) continue;
    least = makespan;
    best.order.set(trial.order);
    best.worker.set(trial.worker);
    best.start.set(trial.start);
    best.end.set(trial.end);
  }
  return least;
}

function upwardRank(model: ProcessorModel, share: number): Float64Array {
  const { activities, arcs, delivery } = model;
  const rank = new Float64Array(activities);
  for (let activity = activities - 1; activity >= 0; activity--) {
    let longest = delivery[activity] as number;
    for (let at = arcs.out[activity] as number; at < (arcs.out[activity + 1] as number); at++) {
      const arc = arcs.outArc[at] as number;
      const transfer = (arcs.apartMin[arc] as number) - (arcs.lag[arc] as number);
      const path = (rank[arcs.to[arc] as number] as number) + (arcs.lag[arc] as number);
      longest = Math.max(longest, path + share * transfer);
    }
    rank[activity] = longest + meanDuration(model, activity);
  }
  return rank;
}

function meanDuration({ duration, workers }: ProcessorModel, activity: number): number {
  let sum = 0;
  let count = 0;
  for (let worker = 0; worker < workers; worker++) {
    const ticks = duration[activity * workers + worker] as number;
    if (ticks >= never) continue;
    sum += ticks;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
