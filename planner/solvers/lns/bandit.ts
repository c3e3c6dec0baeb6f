/**
 * Which arm to draw next, by what has paid: each arm's credit is a mean, fading over draws, of how
 * often it led to a better schedule for the work that it took. Half of the draws follow the credits,
 * half are even, so that an arm that starts to pay is found (probability matching; Thierens 2005).
 */
export interface Bandit {
  /** Sums up to 1: the share of each arm in the draws that do not follow the credits. */
  readonly even: Float64Array;
  readonly credit: Float64Array;
  /** Mean work of a draw over all arms: what a gain is weighed against. */
  work: number;
}

/** `costs`: what a draw of each arm costs about, so that even draws share out work, not draws. */
export function createBandit(costs: readonly number[]): Bandit {
  const total = costs.reduce((sum, cost) => sum + 1 / cost, 0);
  return {
    even: Float64Array.from(costs, (cost) => 1 / cost / total),
    credit: new Float64Array(costs.length).fill(0.05),
    work: 0,
  };
}

export function draw({ credit, even }: Bandit, random: () => number): number {
  const weight = random() < 0.4 ? even : credit;
  let total = 0;
  for (let arm = 0; arm < weight.length; arm += 1) total += weight[arm] as number;
  let left = random() * total;
  for (let arm = 0; arm < weight.length; arm += 1) {
    left -= weight[arm] as number;
    if (left < 0) return arm;
  }
  return weight.length - 1;
}

/** `gain` is 1 for a better schedule, less for an equal one, 0 for none. */
export function reward(bandit: Bandit, arm: number, gain: number, work: number): void {
  bandit.work = bandit.work === 0 ? work : 0.99 * bandit.work + 0.01 * work;
  const perWork = (gain * bandit.work) / Math.max(1, work);
  const old = bandit.credit[arm] as number;
  bandit.credit[arm] = Math.max(0.002, 0.98 * old + 0.02 * Math.min(4, perWork));
}
