/**
 * What a schedule in the making takes besides room in profiles: what is left of pools that are used
 * up, where the groups stand, and which tasks of gangs are settled. Columns, so that a checkpoint is
 * a copy.
 */

import { domainOf, type Ties } from "../../core/groups.js";
import type { PoolRows } from "../../core/pool-needs.js";
import { groupColocate, isMilestone, none, type Problem, taskRunning } from "../../core/problem.js";

/** The part of a schedule that never changes between decodings. */
export interface SideRules {
  readonly problem: Problem;
  readonly ties: Ties | null;
  /** Tasks by row: the groups about domains that they are in, in compressed rows. */
  readonly groupFirst: Int32Array;
  readonly group: Int32Array;
  /** [groups + 1] offsets of each group's domains in `Side.used`. */
  readonly domainFirst: Int32Array;
  /** Number of pools that are used up; the columns below have one entry for each of them. */
  readonly consumables: number;
  readonly ofTask: Int32Array;
  readonly ofOption: Int32Array;
  /** [tasks × consumables] Least that a task takes in any option; 0 for what may be left out. */
  readonly least: Int32Array;
  /** As it stands with facts alone. */
  readonly facts: Side;
  /** Tasks that must be planned take more of a pool than there is, whatever is chosen: no plan. */
  readonly isOverdrawn: boolean;
}

export interface Side {
  /** [consumables] What is left when every task that must be planned takes its least. */
  readonly slack: Float64Array;
  /** [groups] For colocating groups the domain that is taken, or none, and by how many. */
  readonly taken: Int32Array;
  readonly takers: Int32Array;
  /** Members of each spreading group in each of its domains. */
  readonly used: Int32Array;
  /** [tasks] 1 for members of gangs whose gang is placed or left out. */
  readonly settled: Uint8Array;
}

export function sideRules(problem: Problem, ties: Ties | null, usable: Uint8Array): SideRules {
  const { tasks, groups, pools, workers } = problem;
  const consumables = Int32Array.from(
    [...pools.consumable.keys()].filter((pool) => pools.consumable[pool] === 1),
  );
  const rows = ties === null ? [] : ties.domainGroupsOf;
  const groupFirst = new Int32Array(tasks.count + 1);
  for (let task = 0; task < tasks.count; task += 1) {
    groupFirst[task + 1] = (groupFirst[task] as number) + (rows[task]?.length ?? 0);
  }
  const domainFirst = new Int32Array(groups.count + 1);
  for (let group = 0; group < groups.count; group += 1) {
    let domains = 0;
    for (let worker = 0; worker < workers.count; worker += 1) {
      domains = Math.max(
        domains,
        1 + (workers.domain.length ? domainOf(problem, group, worker) : 0),
      );
    }
    domainFirst[group + 1] = (domainFirst[group] as number) + domains;
  }
  const ofTask = amountsOf(tasks, tasks.count, consumables);
  const ofOption = amountsOf(problem.options, problem.options.count, consumables);
  const least = leastTaken(problem, ofTask, ofOption, consumables.length, usable);
  const rules: Omit<SideRules, "isOverdrawn"> = {
    problem,
    ties,
    groupFirst,
    group: Int32Array.from(rows.flat()),
    domainFirst,
    consumables: consumables.length,
    ofTask,
    ofOption,
    least,
    facts: {
      slack: Float64Array.from(consumables, (pool) => pools.capacity[pool] as number),
      taken: new Int32Array(groups.count).fill(none),
      takers: new Int32Array(groups.count),
      used: new Int32Array(domainFirst[groups.count] as number),
      settled: new Uint8Array(tasks.count),
    },
  };
  for (let task = 0; task < tasks.count; task += 1) {
    const runs = tasks.state[task] === taskRunning;
    if (runs) {
      const worker = tasks.fixedWorker[task] as number;
      noteTaken(rules, rules.facts, task, tasks.fixedOption[task] as number, worker, 1);
    }
    // What must still be planned will take its least at any rate.
    for (let k = 0; k < consumables.length; k += 1) {
      const own = least[task * consumables.length + k] as number;
      rules.facts.slack[k] = (rules.facts.slack[k] as number) - own;
    }
  }
  // What runs may have overdrawn a pool by itself: that is no fault of a plan that takes none of it.
  const isOverdrawn = rules.facts.slack.some(
    (left, k) =>
      left < 0 && least.some((amount, at) => amount > 0 && at % consumables.length === k),
  );
  return { ...rules, isOverdrawn };
}

function leastTaken(
  problem: Problem,
  ofTask: Int32Array,
  ofOption: Int32Array,
  width: number,
  usable: Uint8Array,
): Int32Array {
  const { tasks, options } = problem;
  const least = new Int32Array(tasks.count * width);
  if (width === 0) return least;
  for (let task = 0; task < tasks.count; task += 1) {
    const isOptional = (tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY;
    if (isOptional || tasks.state[task] === taskRunning || isMilestone(problem, task)) continue;
    const block = tasks.block[task] as number;
    for (let k = 0; k < width; k += 1) {
      let amount = Number.POSITIVE_INFINITY;
      const after = options.blockFirst[block + 1] as number;
      for (let option = options.blockFirst[block] as number; option < after; option += 1) {
        if (usable[option] === 0) continue;
        amount = Math.min(amount, ofOption[option * width + k] as number);
      }
      const own = ofTask[task * width + k] as number;
      least[task * width + k] = amount === Number.POSITIVE_INFINITY ? 0 : own + amount;
    }
  }
  return least;
}

/** [rows × consumables] What tasks, or options, take of each pool that is used up. */
function amountsOf(rows: PoolRows, count: number, consumables: Int32Array): Int32Array {
  const width = consumables.length;
  const amounts = new Int32Array(count * width);
  for (let k = 0; k < width; k += 1) {
    for (let row = 0; row < count; row += 1) {
      const after = rows.poolFirst[row + 1] as number;
      for (let entry = rows.poolFirst[row] as number; entry < after; entry += 1) {
        if (rows.poolIndex[entry] !== consumables[k]) continue;
        const place = row * width + k;
        amounts[place] = (amounts[place] as number) + (rows.poolAmount[entry] as number);
      }
    }
  }
  return amounts;
}

export function copySide(from: Side, to: Side): void {
  to.slack.set(from.slack);
  to.taken.set(from.taken);
  to.takers.set(from.takers);
  to.used.set(from.used);
  to.settled.set(from.settled);
}

const amountFrom = (
  rules: Pick<SideRules, "ofTask" | "ofOption" | "consumables">,
  task: number,
  option: number,
  k: number,
): number =>
  (rules.ofTask[task * rules.consumables + k] as number) +
  (option < 0 ? 0 : (rules.ofOption[option * rules.consumables + k] as number));

/** Whether stock and groups leave the task this option on this worker. */
export function isAllowed(
  rules: SideRules,
  side: Side,
  task: number,
  option: number,
  worker: number,
): boolean {
  const { consumables: width, least, groupFirst, group, problem, domainFirst } = rules;
  for (let k = 0; k < width; k += 1) {
    const amount = amountFrom(rules, task, option, k);
    const own = least[task * width + k] as number;
    if (amount > own && amount - own > (side.slack[k] as number)) return false;
  }
  const after = groupFirst[task + 1] as number;
  for (let entry = groupFirst[task] as number; entry < after; entry += 1) {
    const of = group[entry] as number;
    const domain = domainOf(problem, of, worker);
    if (problem.groups.kind[of] === groupColocate) {
      const taken = side.taken[of] as number;
      const isOpen =
        taken === none ? rules.ties?.commonDomains[of]?.[domain] === 1 : taken === domain;
      if (!isOpen) return false;
    } else if ((side.used[(domainFirst[of] as number) + domain] as number) > 0) return false;
  }
  return true;
}

/** Takes (sign 1) or gives back (sign -1) what a task on this option and worker takes. */
export function noteTaken(
  rules: Omit<SideRules, "isOverdrawn">,
  side: Side,
  task: number,
  option: number,
  worker: number,
  sign: 1 | -1,
): void {
  const { consumables: width, least, groupFirst, group, problem, domainFirst } = rules;
  for (let k = 0; k < width; k += 1) {
    const amount = amountFrom(rules, task, option, k);
    const own = least[task * width + k] as number;
    side.slack[k] = (side.slack[k] as number) - sign * (amount - own);
  }
  if (worker === none) return;
  const after = groupFirst[task + 1] as number;
  for (let entry = groupFirst[task] as number; entry < after; entry += 1) {
    const of = group[entry] as number;
    const domain = domainOf(problem, of, worker);
    if (problem.groups.kind[of] === groupColocate) {
      const takers = (side.takers[of] as number) + sign;
      side.takers[of] = takers;
      side.taken[of] = takers === 0 ? none : domain;
    } else {
      const place = (domainFirst[of] as number) + domain;
      side.used[place] = (side.used[place] as number) + sign;
    }
  }
}
