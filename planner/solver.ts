/**
 * The solver port: what every engine of the portfolio looks like to it. A solver is a pure,
 * synchronous, anytime function of problem, seed and work; where it runs and for how long is the
 * portfolio's business.
 *
 * One work unit is one probe: the search for the earliest start of one task on one worker. Engines
 * that do other work count what costs about as much.
 */
import type { Plan } from "../core/plan.js";
import type { Problem } from "../core/problem.js";

export interface Solver {
  readonly name: string;
  /** False: the engine has no exact work limit, so a run with it need not repeat. */
  readonly deterministic: boolean;
  /** Why this solver does not take this problem; null if it does. */
  declines(problem: Problem): string | null;
  /** The problem is only read. */
  start(problem: Problem, seed: number): SolverRun;
}

export interface SolverRun {
  /** Works for about `workUnits`, in one go; returns early only when done or interrupted. */
  step(workUnits: number, shared: Shared): StepReport;
}

/** What the other solvers knew at the last barrier, and the way to stop within a step. */
export interface Shared {
  /** Best known plan; null before there is one, or where it is this run's own. */
  readonly plan: Plan | null;
  /** Its value; Infinity before there is one. */
  readonly value: number;
  /** Best proven lower bound. */
  readonly bound: number;
  /** True once the result of this step is no longer waited for. Polled often: must be cheap. */
  interrupted(): boolean;
  /** News within a step of an engine that cannot be stepped in small pieces. */
  progress(news: SolverNews): void;
}

export interface SolverNews {
  /** A plan better than any this run has returned and than `shared.value`; null: none. */
  readonly improved: Plan | null;
  /** Proven: no feasible plan has a lower value. 0 if nothing is known. */
  readonly bound: number;
}

export interface StepReport extends SolverNews {
  readonly workUnits: number;
  /** Nothing more will come: optimality is proven, or the search is exhausted. */
  readonly done: boolean;
}
