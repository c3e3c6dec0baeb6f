/**
 * The population of a hybrid genetic search: schedules that differ, the worst of which gives way.
 */
import { randomInteger } from "../../../core/random.js";
import type { Project } from "./project.js";
import { copySchedule, createSchedule, type Schedule } from "./schedule.js";

export interface Population {
  /** Of them, `count` are in use. */
  readonly members: Schedule[];
  /** [members] Of the start times: equal ones are taken for equal schedules. */
  readonly fingerprint: Int32Array;
  count: number;
  readonly size: number;
}

export function createPopulation(project: Project, size: number): Population {
  return {
    members: Array.from({ length: size }, () => createSchedule(project)),
    fingerprint: new Int32Array(size),
    count: 0,
    size,
  };
}

export function fingerprintOf({ start, mode }: Schedule): number {
  let hash = 0;
  for (let task = 0; task < start.length; task += 1) {
    hash = (Math.imul(hash, 31) + (start[task] as number) * 7 + (mode[task] as number)) | 0;
  }
  return hash;
}

/** Takes a schedule unless it is there already or is worse than all; true if it was taken. */
export function enter(population: Population, schedule: Schedule, random: () => number): boolean {
  const { members, fingerprint } = population;
  const hash = fingerprintOf(schedule);
  for (let k = 0; k < population.count; k += 1) {
    if (fingerprint[k] === hash && members[k]?.makespan === schedule.makespan) return false;
  }
  let place = population.count;
  if (place < population.size) population.count += 1;
  else {
    // Of the worst, any: age and place must not matter.
    let worst = -1;
    let ties = 0;
    for (let k = 0; k < population.count; k += 1) {
      const { makespan } = members[k] as Schedule;
      if (makespan > worst) {
        worst = makespan;
        ties = 1;
        place = k;
      } else if (makespan === worst) {
        ties += 1;
        if (randomInteger(random, ties) === 0) place = k;
      }
    }
    if (schedule.makespan > worst) return false;
  }
  copySchedule(schedule, members[place] as Schedule);
  fingerprint[place] = hash;
  return true;
}

/** The better of two random members. */
export function tournament({ members, count }: Population, random: () => number): Schedule {
  const one = members[randomInteger(random, count)] as Schedule;
  const other = members[randomInteger(random, count)] as Schedule;
  return one.makespan <= other.makespan ? one : other;
}
