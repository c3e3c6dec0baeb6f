/**
 * Which arm to draw next, by what has paid: each arm's credit is a mean, fading over draws, of how
 * often it led to a better schedule for the work that it took. Half of the draws follow the credits,
 * half are even, so that an arm that starts to pay is found (probability matching; Thierens 2005).
 */
import { randomInteger } from "../../../core/random.js";

export interface Bandit {
  readonly credit: Float64Array;
  /** Mean work of a draw over all arms: what a gain is weighed against. */
  work: number;
}

export const createBandit = (arms: number): Bandit => ({
  credit: new Float64Array(arms).fill(0.05),
  work: 0,
});

export function draw({ credit }: Bandit, random: () => number): number {
  if (random() < 0.5) return randomInteger(random, credit.length);
  let total = 0;
  for (let arm = 0; arm < credit.length; arm += 1) total += credit[arm] as number;
  let left = random() * total;
  for (let arm = 0; arm < credit.length; arm += 1) {
    left -= credit[arm] as number;
    if (left < 0) return arm;
  }
  return credit.length - 1;
}

/** `gain` is 1 for a better schedule, less for an equal one, 0 for none. */
export function reward(bandit: Bandit, arm: number, gain: number, work: number): void {
  bandit.work = bandit.work === 0 ? work : 0.99 * bandit.work + 0.01 * work;
  const perWork = (gain * bandit.work) / Math.max(1, work);
  const old = bandit.credit[arm] as number;
  bandit.credit[arm] = Math.max(0.002, 0.98 * old + 0.02 * Math.min(4, perWork));
}
