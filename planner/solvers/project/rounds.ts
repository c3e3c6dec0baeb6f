/**
 * Rounds of the genetic search. A population that finds nothing more has converged, and what it lacks
 * does not come back with more of the same: it gives its best members to an archive, and the next one
 * begins anew. Every few rounds the archive itself is the population, so that schedules which
 * have nothing in common but their quality are crossed (islands that meet seldom: Whitley et al. 1999).
 */
import { randomInteger } from "../../../core/random.js";
import { createPopulation, enter, type Population } from "./population.js";
import type { Project } from "./project.js";
import type { Schedule } from "./schedule.js";

export interface Rounds {
  readonly archive: Population;
  count: number;
}

/** Members that a population leaves to the archive. */
const heirs = 12;
/** Rounds from one meeting of the archive to the next. */
const roundsToMeeting = 3;

export const createRounds = (project: Project): Rounds => ({
  archive: createPopulation(project, heirs * roundsToMeeting),
  count: 0,
});

/** Empties the population into the archive; true if it now holds the archive instead. */
export function nextRound(rounds: Rounds, population: Population, random: () => number): boolean {
  const { archive } = rounds;
  for (const member of bestMembers(population, random)) enter(archive, member, random);
  rounds.count += 1;
  population.count = 0;
  if (rounds.count % roundsToMeeting !== 0) return false;
  for (let k = 0; k < archive.count; k += 1) {
    enter(population, archive.members[k] as Schedule, random);
  }
  archive.count = 0;
  return true;
}

/** Ties by chance: places of members say nothing. */
function bestMembers({ members, count }: Population, random: () => number): Schedule[] {
  const chosen = members.slice(0, count);
  for (let k = count - 1; k > 0; k -= 1) {
    const other = randomInteger(random, k + 1);
    const member = chosen[k] as Schedule;
    chosen[k] = chosen[other] as Schedule;
    chosen[other] = member;
  }
  return chosen.sort((a, b) => a.makespan - b.makespan).slice(0, heirs);
}
