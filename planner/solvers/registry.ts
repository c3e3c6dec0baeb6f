/**
 * The solvers by name. What the portfolio needs to decide who takes part is at hand; an engine
 * itself is loaded only in the thread that runs it, for some bring megabytes of WebAssembly.
 */
import type { Problem } from "../../core/problem.js";
import type { Solver } from "../solver.js";
import { declinesAllocateOrder } from "./allocate-order/declines.js";
import { declinesAstar } from "./astar/declines.js";
import { declinesCp } from "./cp/declines.js";
import { declinesDagSearch } from "./dag-search/declines.js";
import { declinesTies } from "./declines-ties.js";
import { declinesExact } from "./exact-highs/declines.js";
import { declinesFlexibleShop } from "./flexible-shop/declines.js";
import { declinesJobShop } from "./job-shop/declines.js";
import { declinesMultiMode } from "./multi-mode/declines.js";
import { declinesRcpsp } from "./rcpsp/declines.js";
import { declinesUnrelated } from "./unrelated/declines.js";

export const solverNames = [
  "unrelated",
  "job-shop",
  "flexible-shop",
  "rcpsp",
  "multi-mode",
  "dag-search",
  "astar",
  "allocate-order",
  "greedy",
  "lns",
  "multi-start",
  "ilp",
  "cp",
  "exact-highs",
] as const;
export type SolverName = (typeof solverNames)[number];

export interface SolverEntry {
  readonly name: SolverName;
  /** Only these take part in epochs; the others run beside them. */
  readonly deterministic: boolean;
  /** What it mostly does: find better plans, or prove how good they are. */
  readonly role: "search" | "proof";
  /**
   * `special`: made for the shape of problems that it takes. A search for every problem then takes no
   * part, unless it is asked for by name: it would only take time from the better one.
   */
  readonly scope: "special" | "general";
  /**
   * Independent runs of the solver, with seeds of their own; never a matter of threads. An even
   * number keeps two threads equally busy.
   */
  readonly members: number;
  declines(problem: Problem): string | null;
  load(): Promise<Solver>;
}

export const solverRegistry: Readonly<Record<SolverName, SolverEntry>> = {
  unrelated: {
    name: "unrelated",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesUnrelated,
    load: async () => (await import("./unrelated/unrelated.js")).unrelated,
  },
  "job-shop": {
    name: "job-shop",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesJobShop,
    load: async () => (await import("./job-shop/job-shop.js")).jobShop,
  },
  "flexible-shop": {
    name: "flexible-shop",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesFlexibleShop,
    load: async () => (await import("./flexible-shop/flexible-shop.js")).flexibleShop,
  },
  rcpsp: {
    name: "rcpsp",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesRcpsp,
    load: async () => (await import("./rcpsp/rcpsp.js")).rcpsp,
  },
  "multi-mode": {
    name: "multi-mode",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesMultiMode,
    load: async () => (await import("./multi-mode/multi-mode.js")).multiMode,
  },
  "dag-search": {
    name: "dag-search",
    deterministic: true,
    role: "search",
    scope: "special",
    members: 2,
    declines: declinesDagSearch,
    load: async () => (await import("./dag-search/dag-search.js")).dagSearch,
  },
  astar: {
    name: "astar",
    deterministic: true,
    role: "proof",
    scope: "special",
    members: 1,
    declines: declinesAstar,
    load: async () => (await import("./astar/astar.js")).astar,
  },
  "allocate-order": {
    name: "allocate-order",
    deterministic: true,
    role: "proof",
    scope: "special",
    members: 1,
    declines: declinesAllocateOrder,
    load: async () => (await import("./allocate-order/allocate-order.js")).allocateOrder,
  },
  greedy: {
    name: "greedy",
    deterministic: true,
    role: "search",
    scope: "general",
    members: 1,
    declines: () => null,
    load: async () => (await import("./greedy/greedy.js")).greedyRules,
  },
  lns: {
    name: "lns",
    deterministic: true,
    role: "search",
    scope: "general",
    members: 2,
    declines: () => null,
    load: async () => (await import("./lns/lns.js")).lns,
  },
  "multi-start": {
    name: "multi-start",
    deterministic: true,
    role: "search",
    scope: "general",
    members: 2,
    declines: () => null,
    load: async () => (await import("./multi-start/multi-start.js")).multiStart,
  },
  ilp: {
    name: "ilp",
    deterministic: false,
    role: "proof",
    scope: "special",
    members: 1,
    declines: declinesUnrelated,
    load: async () => (await import("./ilp/ilp.js")).loadIlp(),
  },
  cp: {
    name: "cp",
    deterministic: true,
    role: "proof",
    scope: "general",
    members: 1,
    declines: declinesCp,
    load: async () => (await import("./cp/cp.js")).cp,
  },
  "exact-highs": {
    name: "exact-highs",
    deterministic: false,
    role: "proof",
    scope: "general",
    members: 1,
    declines: (problem) => declinesTies(problem) ?? declinesExact(problem),
    load: async () => (await import("./exact-highs/exact-solver.js")).loadExactSolver(),
  },
};

export const isSolverName = (name: string): name is SolverName =>
  solverNames.some((known) => known === name);
