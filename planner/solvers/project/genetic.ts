/**
 * Hybrid genetic search with double justification (Valls, Ballestín & Quintanilla 2008): a steady
 * state of schedules, every child justified twice.
 */
import { randomInteger } from "../../../core/random.js";
import { type Crossing, createCrossing, crossPeak, crossTwoPoint, mutate } from "./crossover.js";
import { createPopulation, enter, type Population, tournament } from "./population.js";
import { type Rules, sampleOrder } from "./rules.js";
import { createSchedule, type Schedule, type Scheduler, scheduleJustified } from "./schedule.js";

export interface Genetic {
  readonly scheduler: Scheduler;
  readonly population: Population;
  readonly crossing: Crossing;
  readonly rules: Rules;
  readonly random: () => number;
  readonly child: Schedule;
  /** Children since the last one that was best of all. */
  idle: number;
}

export function createGenetic(
  scheduler: Scheduler,
  rules: Rules,
  random: () => number,
  size: number,
): Genetic {
  const { project } = scheduler;
  return {
    scheduler,
    population: createPopulation(project, size),
    crossing: createCrossing(project, random),
    rules,
    random,
    child: createSchedule(project),
    idle: 0,
  };
}

/** One more member of the first population; the rules first, then samples of them. */
export function found(genetic: Genetic): Schedule {
  const { rules, population, random, child, scheduler } = genetic;
  const founded = population.count;
  const isRule = founded < rules.keys.length;
  const keys = rules.keys[isRule ? founded : randomInteger(random, 3)] as Float64Array;
  const candidates = isRule ? Number.POSITIVE_INFINITY : 2 + randomInteger(random, 3);
  sampleOrder(scheduler.project, keys, candidates, random, child.order);
  scheduleJustified(scheduler, child);
  return child;
}

/** A child of two members, justified; the caller decides whether it enters. */
export function breed(genetic: Genetic): Schedule {
  const { population, crossing, random, child, scheduler } = genetic;
  const mother = tournament(population, random);
  let father = tournament(population, random);
  for (let draw = 0; father === mother && draw < 4; draw += 1) {
    father = population.members[randomInteger(random, population.count)] as Schedule;
  }
  if (random() < 0.5) crossPeak(crossing, mother, father, child);
  else crossTwoPoint(crossing, mother, father, child);
  if (random() < 0.5) mutate(crossing, child.order, 1 + randomInteger(random, 3));
  scheduleJustified(scheduler, child);
  return child;
}

export { enter };
