/**
 * Hybrid genetic search with double justification (Valls, Ballestín & Quintanilla 2008): a steady
 * state of schedules, every child justified twice. With several modes, a child inherits modes along
 * with places; they are repaired against the stocks and improved while the schedule is built.
 */
import { randomInteger } from "../../../core/random.js";
import { type Crossing, createCrossing, crossPeak, crossTwoPoint, mutate } from "./crossover.js";
import {
  countStocks,
  createModeChoice,
  drawModes,
  type ModeChoice,
  mutateModes,
  repairModes,
} from "./mode-choice.js";
import { createPopulation, type Population, tournament } from "./population.js";
import { type Rules, sampleOrder } from "./rules.js";
import {
  createSchedule,
  justify,
  type Schedule,
  type Scheduler,
  scheduleForward,
  sortByStart,
} from "./schedule.js";
import { scheduleChoosing } from "./schedule-choosing.js";

export interface Genetic {
  readonly scheduler: Scheduler;
  readonly population: Population;
  readonly crossing: Crossing;
  readonly rules: Rules;
  /** null where no task has several modes. */
  readonly modes: ModeChoice | null;
  readonly random: () => number;
  readonly child: Schedule;
  /** Children since the last one that was best of the round. */
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
    modes: project.isSingleMode ? null : createModeChoice(project, random),
    random,
    child: createSchedule(project),
    idle: 0,
  };
}

/** One more member of the first population, the rules first, then samples of them; null: none. */
export function found(genetic: Genetic, draw: number): Schedule | null {
  const { rules, random, child, scheduler, modes } = genetic;
  const isRule = draw < rules.keys.length;
  const keys = rules.keys[isRule ? draw : randomInteger(random, 3)] as Float64Array;
  const candidates = isRule ? Number.POSITIVE_INFINITY : 2 + randomInteger(random, 3);
  sampleOrder(scheduler.project, keys, candidates, random, child.order);
  if (modes !== null) drawModes(modes, child.mode);
  return settleModes(genetic, 1) ? child : null;
}

/** A child of two members, justified; null if its modes cannot be repaired. */
export function breed(genetic: Genetic): Schedule | null {
  const { population, crossing, random, child, modes } = genetic;
  const mother = tournament(population, random);
  let father = tournament(population, random);
  for (let draw = 0; father === mother && draw < 4; draw += 1) {
    father = population.members[randomInteger(random, population.count)] as Schedule;
  }
  if (random() < 0.5) crossPeak(crossing, mother, father, child);
  else crossTwoPoint(crossing, mother, father, child);
  mutate(crossing, child.order, 1 + randomInteger(random, 6));
  if (modes !== null) mutateModes(modes, child.mode, randomInteger(random, 3));
  return settleModes(genetic, chances[randomInteger(random, chances.length)] as number)
    ? child
    : null;
}

/** Of a task to be given its best mode: never, seldom and often, by child. */
const chances = [0, 0.1, 0.5] as const;

/** Repairs modes, improves them with some chance, and builds the justified schedule. */
function settleModes({ scheduler, modes, child }: Genetic, chance: number): boolean {
  if (modes === null) scheduleForward(scheduler, child);
  else {
    if (!repairModes(modes, child.mode)) return false;
    countStocks(modes, child.mode);
    scheduleChoosing(scheduler, modes, child, chance);
  }
  justify(scheduler, child);
  if (modes === null || chance === 0) return true;
  const before = child.makespan;
  const kept = child.mode.slice();
  countStocks(modes, child.mode);
  scheduleChoosing(scheduler, modes, child, chance);
  if (child.makespan > before) {
    child.mode.set(kept);
    scheduleForward(scheduler, child);
  }
  sortByStart(scheduler, child);
  return true;
}
