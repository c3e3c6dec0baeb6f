/**
 * Simulated annealing without exponentials: a worse schedule is accepted if it is worse by no more
 * than the temperature times a draw from a table of -ln(u), so that runs repeat bit by bit on every
 * machine. The temperature falls by a factor at a time and is raised again when it is cold.
 */
import { randomInteger } from "../../../core/random.js";

export interface Cooling {
  /** As part of the best value. */
  temperature: number;
  /** Where the next descent begins. */
  hottest: number;
  /** Draws left at this temperature. */
  left: number;
  readonly length: number;
}

/** -ln((i + 1/2) / 16). */
const negativeLogs = [
  3.4657, 2.3671, 1.8563, 1.5198, 1.2685, 1.0678, 0.9008, 0.7577, 0.6325, 0.5213, 0.4212, 0.3302,
  0.247, 0.1699, 0.0984, 0.0317,
] as const;

const hottestAtFirst = 0.004;
const coldest = 0.00002;
const factor = 0.85;

/** Larger problems are cooled more slowly. */
export const createCooling = (tasks: number): Cooling => ({
  temperature: hottestAtFirst / 4,
  hottest: hottestAtFirst,
  left: 0,
  length: 60 + Math.floor(tasks / 4),
});

/** How much worse than the present schedule the next one may be, as part of the value. */
export function allowance(cooling: Cooling, random: () => number): number {
  const table = negativeLogs[randomInteger(random, negativeLogs.length)] as number;
  return cooling.temperature * table;
}

/** Counts a draw; true when it is cold and the search should begin anew from its best. */
export function cool(cooling: Cooling): boolean {
  cooling.left -= 1;
  if (cooling.left > 0) return false;
  cooling.left = cooling.length;
  cooling.temperature *= factor;
  if (cooling.temperature >= coldest) return false;
  cooling.hottest = Math.max(hottestAtFirst / 16, cooling.hottest / 2);
  cooling.temperature = cooling.hottest;
  return true;
}
