/**
 * The conversation between master and planner, as both houses see it; proto/codec puts it on the
 * wire. For each plan the master opens a stream of its own: a `PlanOrder`, the problem's columns,
 * perhaps a cancel. The planner answers with updates in this order:
 *
 *   accepted, (incumbent | bound)*, finished
 *
 * Values of incumbents fall and bounds rise strictly; both are in the problem's own objective and
 * against its estimated durations. A refused order ends the stream with an error instead. The
 * stream's end without `finished` means that the planner died: what came before still holds.
 */
import type { ObjectiveParts } from "./objective.js";
import type { Plan } from "./plan.js";

/** What may be spent on one plan. */
export interface PlanBudget {
  /** Deterministic work over all solvers; 0: only wall time limits. */
  readonly workUnits: number;
  /** Backstop; a plan that it cuts off says `wall_time` and is not deterministic. */
  readonly wallMs: number;
}

export interface PlanOrder {
  /** Chosen by the master, for logs on both sides. */
  readonly planId: string;
  readonly budget: PlanBudget;
  readonly seed: number;
  /** Solvers to run, by name; empty: the planner's choice. */
  readonly solvers: readonly string[];
}

export const planEndReasons = ["optimal", "budget", "wall_time", "cancelled"] as const;
export type PlanEndReason = (typeof planEndReasons)[number];

/** The order's problem was taken in whole and found sound. */
export interface PlanAccepted {
  readonly planId: string;
  readonly tasks: number;
  /** The solvers that will run, in the order in which ties between them are settled. */
  readonly solvers: readonly string[];
}

/** A plan better than every one before it. */
export interface PlanIncumbent {
  /** Who found it. */
  readonly solver: string;
  readonly plan: Plan;
  readonly value: number;
  /** Best proven lower bound so far. */
  readonly bound: number;
  readonly parts: ObjectiveParts;
  /** Spent so far, over all solvers. */
  readonly workUnits: number;
  readonly wallMs: number;
}

export interface BoundRaised {
  readonly solver: string;
  readonly bound: number;
}

/** How one solver fared. */
export interface SolverReport {
  readonly solver: string;
  readonly incumbents: number;
  /** Infinity: it found no plan. */
  readonly bestValue: number;
  /** 0: it proved nothing. */
  readonly bestBound: number;
  readonly workUnits: number;
  /** It threw, ran out of memory or was killed; the others went on. */
  readonly failed: boolean;
  readonly message: string;
}

export interface PlanSummary {
  readonly reason: PlanEndReason;
  /** Of the last incumbent; Infinity: there was none. */
  readonly value: number;
  readonly bound: number;
  readonly workUnits: number;
  readonly wallMs: number;
  /** The same problem, seed and budget give the same plan again. */
  readonly deterministic: boolean;
  readonly solvers: readonly SolverReport[];
}

export type PlanUpdate =
  | { readonly kind: "accepted"; readonly accepted: PlanAccepted }
  | { readonly kind: "incumbent"; readonly incumbent: PlanIncumbent }
  | { readonly kind: "bound"; readonly bound: BoundRaised }
  | { readonly kind: "finished"; readonly summary: PlanSummary };
