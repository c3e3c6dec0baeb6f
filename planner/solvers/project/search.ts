/**
 * The search of a project engine: a first population, then genetic search and windows of its members
 * in turns, by the work that each has done. A generator: every `yield` is a point where it may pause.
 */
import { randomInteger, seededRandom } from "../../../core/random.js";
import { firstBound } from "./first-bound.js";
import { breed, createGenetic, found, type Genetic } from "./genetic.js";
import { createLns, improve, type Lns } from "./lns.js";
import { enter, type Population } from "./population.js";
import type { Project } from "./project.js";
import { refute } from "./refute.js";
import { createRounds, nextRound, type Rounds } from "./rounds.js";
import { rulesOf } from "./rules.js";
import {
  copySchedule,
  createSchedule,
  createScheduler,
  justify,
  type Schedule,
  type Scheduler,
} from "./schedule.js";

export interface Search {
  readonly project: Project;
  readonly scheduler: Scheduler;
  readonly genetic: Genetic;
  readonly lns: Lns | null;
  readonly random: () => number;
  readonly best: Schedule;
  /** Proven: no makespan is lower. */
  bound: number;
  /** Fails that a makespan at the bound may cost to refute; 0 once that was too few. */
  failsOfBound: number;
  /** Fails that a makespan just below the best may cost. */
  failsOfProof: number;
  byProof: number;
  /** A schedule from elsewhere, to enter the population. */
  readonly foreign: Schedule;
  hasForeign: boolean;
  readonly rounds: Rounds;
  /** Least makespan of the present round. */
  bestOfRound: number;
  isFounded: boolean;
}

const populationSize = 40;
/** Work in windows for each unit of genetic work. */
const windowShare = 0.5;
/** Likewise in proofs, which succeed by search in small projects only. */
const proofShare = 0.2;
const proofShareOfLarge = 0.02;
const smallTasksMax = 64;
/** So many children for each member without a better best of the round end it. */
const patiencePerMember = 100;

export function createSearch(project: Project, seed: number): Search {
  const random = seededRandom(seed);
  const scheduler = createScheduler(project);
  return {
    project,
    scheduler,
    genetic: createGenetic(scheduler, rulesOf(project), random, populationSize),
    lns: createLns(scheduler, random),
    random,
    best: createSchedule(project),
    bound: 0,
    failsOfBound: 200,
    failsOfProof: 500,
    byProof: 0,
    foreign: createSchedule(project),
    hasForeign: false,
    rounds: createRounds(project),
    bestOfRound: Number.POSITIVE_INFINITY,
    isFounded: false,
  };
}

/** Ends where the best is proven optimal. */
export function* explore(search: Search): Generator<void, void, void> {
  const { genetic, scheduler, lns, project } = search;
  const share = project.tasks <= smallTasksMax ? proofShare : proofShareOfLarge;
  let byGenes = 0;
  let byWindows = 0;
  yield* foundPopulation(search);
  search.bound = Math.max(search.bound, firstBound(project));
  yield;
  while (search.best.makespan > search.bound) {
    if (genetic.idle > patiencePerMember * genetic.population.size) beginRound(search);
    if (search.hasForeign) takeForeign(search);
    if (!search.isFounded) yield* foundPopulation(search);
    const before = scheduler.workUnits;
    if (lns !== null && project.isSingleMode && search.byProof < share * byGenes) {
      yield* prove(search, lns);
      search.byProof += scheduler.workUnits - before;
    } else if (lns !== null && byWindows < windowShare * byGenes) {
      yield* improveMember(search, lns);
      byWindows += scheduler.workUnits - before;
    } else {
      offer(search, breed(genetic));
      byGenes += scheduler.workUnits - before;
    }
    yield;
  }
}

/**
 * Refutes makespans from the bound upwards while little is enough for it; then, with ever more
 * patience, all that are better than the best.
 */
function* prove(search: Search, lns: Lns): Generator<void, void, void> {
  const { best } = search;
  const isRising = search.failsOfBound > 0;
  const target = isRising ? search.bound : best.makespan - 1;
  const failsMax = isRising ? search.failsOfBound : search.failsOfProof;
  const { isProven, schedule } = yield* refute(lns, best, target, failsMax);
  if (schedule !== null) offer(search, schedule);
  if (isProven) search.bound = Math.max(search.bound, target + 1);
  else if (isRising) search.failsOfBound = 0;
  else search.failsOfProof *= 2;
}

/** Fills the population, and goes on until it has a member at all. */
function* foundPopulation(search: Search): Generator<void, void, void> {
  const { genetic } = search;
  const { population } = genetic;
  const { size } = population;
  // Small projects have few schedules that differ.
  const isWanted = (draw: number): boolean => population.count < size && draw < 3 * size;
  for (let draw = 0; isWanted(draw) || population.count === 0; draw += 1) {
    offer(search, found(genetic, draw));
    if (search.best.makespan <= search.bound) return;
    yield;
  }
  search.isFounded = true;
}

/** Into the archive after the first round: one that is better than all of a population takes it over. */
function takeForeign(search: Search): void {
  const { foreign, rounds, random, best, scheduler } = search;
  search.hasForeign = false;
  justify(scheduler, foreign);
  if (rounds.count === 0) return offer(search, foreign);
  enter(rounds.archive, foreign, random);
  if (foreign.makespan < best.makespan) copySchedule(foreign, best);
}

/** A random good member, with a shorter target or with its own: sideways, to where windows give. */
function* improveMember(search: Search, lns: Lns): Generator<void, void, void> {
  const { random, genetic } = search;
  const member = goodMember(genetic.population, random);
  const target = random() < 0.4 ? member.makespan - 1 : member.makespan;
  const better = yield* improve(lns, member, target);
  offer(search, better);
}

function goodMember({ members, count }: Population, random: () => number): Schedule {
  let best = members[randomInteger(random, count)] as Schedule;
  for (let draw = 0; draw < 3; draw += 1) {
    const other = members[randomInteger(random, count)] as Schedule;
    if (other.makespan < best.makespan) best = other;
  }
  return best;
}

function offer(search: Search, schedule: Schedule | null): void {
  if (schedule === null) return;
  const { genetic, best, random } = search;
  enter(genetic.population, schedule, random);
  genetic.idle += 1;
  if (schedule.makespan >= search.bestOfRound) return;
  search.bestOfRound = schedule.makespan;
  genetic.idle = 0;
  if (schedule.makespan < best.makespan) copySchedule(schedule, best);
}

function beginRound(search: Search): void {
  const { rounds, genetic, random } = search;
  search.isFounded = nextRound(rounds, genetic.population, random);
  search.bestOfRound = Number.POSITIVE_INFINITY;
  genetic.idle = 0;
}
