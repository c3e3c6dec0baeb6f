/**
 * What a random problem may have besides: drawn by a generator of its own, so that a seed gives the
 * same problem with and without it.
 */
import { groupColocate, groupGang, groupSpread, none, type Problem, taskFree } from "../problem.js";
import { randomInteger, seededRandom } from "../random.js";

export interface Extras {
  /** Data on edges, over links of different speed. */
  readonly transfers: boolean;
  /** Gangs, spread and colocation. */
  readonly groups: boolean;
  readonly hardDue: boolean;
  /** Tasks that may be left out. */
  readonly optional: boolean;
  readonly cost: boolean;
  /** Pools that are used up, more by one option than by another. */
  readonly consumables: boolean;
}

export const allExtras: Extras = {
  transfers: true,
  groups: true,
  hardDue: true,
  optional: true,
  cost: true,
  consumables: true,
};
export const noExtras: Extras = {
  transfers: false,
  groups: false,
  hardDue: false,
  optional: false,
  cost: false,
  consumables: false,
};

export function withExtras(problem: Problem, seed: number, extras: Extras): Problem {
  const random = seededRandom(seed * 31 + 7);
  const below = (bound: number): number => randomInteger(random, bound);
  let drawn = problem;
  if (extras.transfers) drawn = withTransfers(drawn, below);
  if (extras.groups) drawn = withGroups(drawn, below);
  if (extras.hardDue || extras.optional) drawn = withDeadlines(drawn, below, extras);
  if (extras.cost) {
    const cost = drawn.options.cost.map(() => below(4));
    drawn = {
      ...drawn,
      weights: { ...drawn.weights, cost: below(3) / 2 },
      options: { ...drawn.options, cost },
    };
  }
  return extras.consumables ? withConsumables(drawn, below) : drawn;
}

type Below = (bound: number) => number;

function withTransfers(problem: Problem, below: Below): Problem {
  const { workers, edges } = problem;
  return {
    ...problem,
    workers: { ...workers, link: workers.link.map(() => below(2)) },
    links: {
      count: 2,
      latency: Int32Array.from({ length: 4 }, () => below(2)),
      perGib: Int32Array.from({ length: 4 }, () => below(3) * 2 ** 20),
    },
    edges: {
      ...edges,
      fixed: edges.fixed.map(() => (below(3) === 0 ? below(3) : 0)),
      kib: edges.kib.map(() => (below(2) === 0 ? below(3) : 0)),
    },
  };
}

/** Up to two groups of two or three tasks; a gang has no edge within it. */
function withGroups(problem: Problem, below: Below): Problem {
  const { tasks, workers, edges } = problem;
  const candidates = Array.from({ length: tasks.count }, (_, task) => task).filter(
    (task) => tasks.block[task] !== none && tasks.state[task] === taskFree,
  );
  const linked = (a: number, b: number): boolean => {
    // Reachability over indices, which edges only ever raise.
    const reached = new Set([Math.min(a, b)]);
    for (let to = 0; to < tasks.count; to++) {
      for (let edge = 0; edge < edges.count; edge++) {
        if (edges.to[edge] === to && reached.has(edges.from[edge] as number)) reached.add(to);
      }
    }
    return reached.has(Math.max(a, b));
  };
  const groups: { kind: number; members: number[] }[] = [];
  const ganged = new Set<number>();
  for (let round = below(3); round > 0; round--) {
    const kind = [groupGang, groupSpread, groupColocate][below(3)] as number;
    const members: number[] = [];
    for (let draw = 0; draw < 2 + below(2) && candidates.length > 0; draw++) {
      const task = candidates[below(candidates.length)] as number;
      const fits =
        !members.includes(task) &&
        (kind !== groupGang ||
          (!ganged.has(task) && members.every((other) => !linked(other, task))));
      if (fits) members.push(task);
    }
    if (members.length < 2) continue;
    if (kind === groupGang) for (const task of members) ganged.add(task);
    groups.push({ kind, members: members.sort((a, b) => a - b) });
  }
  const first = [0];
  for (const { members } of groups) first.push((first.at(-1) ?? 0) + members.length);
  return {
    ...problem,
    workers: {
      ...workers,
      domainLevels: ["site"],
      domain: Uint16Array.from({ length: workers.count }, () => below(2)),
    },
    groups: {
      count: groups.length,
      kind: Uint8Array.from(groups, (group) => group.kind),
      level: new Uint8Array(groups.length),
      first: Uint32Array.from(first),
      member: Uint32Array.from(groups.flatMap((group) => group.members)),
    },
  };
}

function withDeadlines(problem: Problem, below: Below, extras: Extras): Problem {
  const { tasks } = problem;
  return {
    ...problem,
    tasks: {
      ...tasks,
      hardDue: tasks.hardDue.map((due) => (extras.hardDue && below(4) === 0 ? 8 + below(25) : due)),
      skipPrice: tasks.skipPrice.map((price) =>
        extras.optional && below(2) === 0 ? 1 + below(12) : price,
      ),
    },
  };
}

/** A third pool that is used up, by some options. */
function withConsumables(problem: Problem, below: Below): Problem {
  const { pools, options, tasks } = problem;
  const amounts = Array.from({ length: options.count }, () => (below(2) === 0 ? below(4) : 0));
  const uses = amounts.filter((amount) => amount > 0);
  const first = [0];
  for (const amount of amounts) first.push((first.at(-1) ?? 0) + (amount > 0 ? 1 : 0));
  return {
    ...problem,
    pools: {
      count: pools.count + 1,
      names: [...pools.names, "budget"],
      capacity: Int32Array.of(...pools.capacity, 1 + tasks.count),
      consumable: Uint8Array.of(...pools.consumable, 1),
    },
    options: {
      ...options,
      poolFirst: Uint32Array.from(first),
      poolIndex: new Uint16Array(uses.length).fill(pools.count),
      poolAmount: Int32Array.from(uses),
    },
  };
}
