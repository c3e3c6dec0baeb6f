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
  /** The hottest ever. */
  readonly limit: number;
  /** Draws left at this temperature. */
  left: number;
  readonly length: number;
}

/** -ln((i + 1/2) / 16). */
const negativeLogs = [
  3.4657, 2.3671, 1.8563, 1.5198, 1.2685, 1.0678, 0.9008, 0.7577, 0.6325, 0.5213, 0.4212, 0.3302,
  0.247, 0.1699, 0.0984, 0.0317,
] as const;

const factor = 0.85;

/** One task of many makes a small part of the value: larger problems begin colder, and cool slower. */
export function createCooling(tasks: number): Cooling {
  const limit = Math.min(0.01, 1 / tasks);
  return {
    temperature: limit / 2,
    hottest: limit,
    limit,
    left: 0,
    length: 100 + Math.floor(tasks / 2),
  };
}

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
  if (cooling.temperature >= cooling.limit / 100) return false;
  cooling.hottest = cooling.hottest < cooling.limit / 8 ? cooling.limit : cooling.hottest / 2;
  cooling.temperature = cooling.hottest;
  return true;
}
