/**
 * Groups as a decoding needs them: who is in which, what is ruled out for whom, and where a task may
 * still go when others of its groups stand.
 */
import { type Graph, graphOf } from "./graph.js";
import { possibleOptions } from "./possible.js";
import { groupColocate, groupGang, none, type Problem, taskRunning } from "./problem.js";
import { hasTransfers } from "./transfer.js";

/** What makes placing a task more than a look at profiles; never changes between decodings. */
export interface Ties {
  readonly hasTransfers: boolean;
  /** Gang of each task, or none. */
  readonly gangOf: Int32Array;
  /** Members of each group that do not run yet; groups that are no gangs are empty here. */
  readonly gangs: readonly Int32Array[];
  /** Groups about domains, of each task. */
  readonly domainGroupsOf: readonly (readonly number[])[];
  /** For each colocating group, 1 for each domain in which every member finds a worker. */
  readonly commonDomains: readonly Uint8Array[];
}

/** null: no group and no transfer, so every task can be looked at by itself. */
export function tiesOf(problem: Problem): Ties | null {
  const transfers = hasTransfers(problem);
  const { groups, tasks } = problem;
  if (!transfers && groups.count === 0) return null;
  const gangOf = new Int32Array(tasks.count).fill(none);
  const domainGroupsOf: number[][] = Array.from({ length: tasks.count }, () => []);
  const gangs: Int32Array[] = [];
  for (let group = 0; group < groups.count; group++) {
    const members = membersOf(problem, group);
    const isGang = groups.kind[group] === groupGang;
    const waiting = isGang ? members.filter((task) => tasks.state[task] !== taskRunning) : [];
    gangs.push(Int32Array.from(waiting));
    for (const task of waiting) gangOf[task] = group;
    if (!isGang) for (const task of members) domainGroupsOf[task]?.push(group);
  }
  const commonDomains = gangs.map((_, group) =>
    groups.kind[group] === groupColocate ? domainsInCommon(problem, group) : new Uint8Array(0),
  );
  return { hasTransfers: transfers, gangOf, gangs, domainGroupsOf, commonDomains };
}

export const membersOf = ({ groups }: Problem, group: number): number[] => [
  ...groups.member.subarray(groups.first[group] as number, groups.first[group + 1] as number),
];

export function domainOf({ groups, workers }: Problem, group: number, worker: number): number {
  return workers.domain[(groups.level[group] as number) * workers.count + worker] as number;
}

function domainsInCommon(problem: Problem, group: number): Uint8Array {
  const { workers, options, tasks } = problem;
  const possible = possibleOptions(problem);
  const domains = Array.from({ length: workers.count }, (_, worker) =>
    domainOf(problem, group, worker),
  );
  const common = new Uint8Array(1 + Math.max(0, ...domains)).fill(1);
  for (const task of membersOf(problem, group)) {
    if (tasks.state[task] === taskRunning) continue;
    const own = new Uint8Array(common.length);
    for (const option of possible.options(task)) {
      const pinned = options.worker[option] as number;
      domains.forEach((domain, worker) => {
        const runs =
          pinned === none ? workers.classOf[worker] === options.class[option] : pinned === worker;
        if (runs) own[domain] = 1;
      });
    }
    own.forEach((is, domain) => {
      if (is === 0) common[domain] = 0;
    });
  }
  return common;
}

/** Where the groups of a decoding stand. */
export interface GroupState {
  /** For colocating groups the domain that has been taken, or none. */
  readonly taken: Int32Array;
  /** For spreading groups the domains in use. */
  readonly used: readonly Set<number>[];
  /** Members of each gang that could start. */
  readonly gangReady: Int32Array;
}

export function beginGroups(problem: Problem): GroupState {
  const { count } = problem.groups;
  return {
    taken: new Int32Array(count).fill(none),
    used: Array.from({ length: count }, () => new Set<number>()),
    gangReady: new Int32Array(count),
  };
}

/** Whether the groups of the task leave it this worker. */
export function groupsAllow(
  problem: Problem,
  ties: Ties,
  state: GroupState,
  task: number,
  worker: number,
): boolean {
  for (const group of ties.domainGroupsOf[task] ?? []) {
    const domain = domainOf(problem, group, worker);
    if (problem.groups.kind[group] === groupColocate) {
      const taken = state.taken[group] as number;
      if (taken === none ? ties.commonDomains[group]?.[domain] !== 1 : taken !== domain)
        return false;
    } else if (state.used[group]?.has(domain)) return false;
  }
  return true;
}

export function noteInGroups(
  problem: Problem,
  ties: Ties,
  state: GroupState,
  task: number,
  worker: number,
): void {
  for (const group of ties.domainGroupsOf[task] ?? []) {
    const domain = domainOf(problem, group, worker);
    if (problem.groups.kind[group] === groupColocate) state.taken[group] = domain;
    else state.used[group]?.add(domain);
  }
}

/**
 * A graph in which each gang is one node, for orders and cycles: a task that must come before one
 * member must come before all of them. False: gangs and edges together have a cycle.
 */
export function gangsAreAcyclic(problem: Problem): boolean {
  const { edges, tasks, groups } = problem;
  if (!groups.kind.includes(groupGang)) return true;
  const node = Uint32Array.from({ length: tasks.count }, (_, task) => task);
  for (let group = 0; group < groups.count; group++) {
    if (groups.kind[group] !== groupGang) continue;
    const [first, ...rest] = membersOf(problem, group);
    for (const task of rest) node[task] = first as number;
  }
  const merged: Problem = {
    ...problem,
    edges: {
      ...edges,
      from: edges.from.map((task) => node[task] as number),
      to: edges.to.map((task) => node[task] as number),
    },
  };
  const graph: Graph = graphOf(merged);
  return graph.topological.length === tasks.count;
}
