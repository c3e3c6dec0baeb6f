/** Who works on a problem, in which team: of the request, the problem and the threads alone. */
import type { Problem } from "../core/problem.js";
import {
  type SolverEntry,
  type SolverName,
  solverNames,
  solverRegistry,
} from "./solvers/registry.js";
import type { Member } from "./thread-protocol.js";

export interface Wanted {
  /** These alone; empty: all that take the problem. */
  readonly solvers: readonly SolverName[];
  /** 0: no limit. */
  readonly workUnits: number;
}

/** The solvers that take part. */
export function participants(problem: Problem, { solvers, workUnits }: Wanted): SolverEntry[] {
  const isNamed = solvers.length > 0;
  const names = isNamed ? solvers : solverNames;
  const takers = solverNames
    .filter((name) => names.includes(name))
    .map((name) => solverRegistry[name])
    // A work budget asks for a plan that repeats: engines that cannot are for those who name them.
    .filter(({ deterministic }) => deterministic || isNamed || workUnits === 0)
    .filter((entry) => entry.declines(problem) === null);
  if (isNamed) return takers;
  const isSpecialised = takers.some(({ role, scope }) => role === "search" && scope === "special");
  return takers.filter(
    ({ role, scope }) => !isSpecialised || role === "proof" || scope === "special",
  );
}

interface Teams {
  /** Members that count their work, dealt out to threads. */
  readonly teams: readonly Member[][];
  /** Engines that cannot be stepped: a thread for each. */
  readonly beside: readonly Member[];
}

export function teamsOf(entries: readonly SolverEntry[], seed: number, threads: number): Teams {
  const members: Member[] = [];
  for (const entry of entries) {
    for (let k = 0; k < entry.members; k += 1) {
      const index = members.length;
      members.push({ index, solver: entry.name, seed: seed * 1_009 + index });
    }
  }
  const isStepped = (member: Member): boolean => solverRegistry[member.solver].deterministic;
  const stepped = members.filter(isStepped);
  const width = Math.max(1, Math.min(threads, stepped.length));
  const teams = Array.from({ length: width }, (_, place) =>
    stepped.filter((_member, index) => index % width === place),
  );
  return {
    teams: teams.filter((team) => team.length > 0),
    beside: members.filter((member) => !isStepped(member)),
  };
}
