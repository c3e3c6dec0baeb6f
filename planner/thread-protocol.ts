/** What portfolio and solver threads say to each other. */
import type { Plan } from "../core/plan.js";
import type { Problem } from "../core/problem.js";
import type { SolverName } from "./solvers/registry.js";

/** One run of one solver. */
export interface Member {
  /** Place in the fixed order in which results are merged. */
  readonly index: number;
  readonly solver: SolverName;
  readonly seed: number;
}

export type ToThread =
  | {
      readonly kind: "begin";
      readonly problem: Problem;
      readonly members: readonly Member[];
      /** One word of shared memory: not 0 once nobody waits for the present step any more. */
      readonly interrupt: Int32Array;
    }
  | {
      readonly kind: "step";
      readonly epoch: number;
      readonly quotas: readonly Quota[];
      /** Best known plan if it has changed since the last step of this thread. */
      readonly plan: Plan | null;
      readonly value: number;
      readonly bound: number;
    }
  | { readonly kind: "end" };

export interface Quota {
  readonly member: number;
  readonly workUnits: number;
}

export type FromThread =
  | { readonly kind: "begun"; readonly failures: readonly MemberFailure[] }
  | { readonly kind: "stepped"; readonly epoch: number; readonly reports: readonly MemberReport[] }
  | {
      readonly kind: "progress";
      readonly member: number;
      readonly improved: Plan | null;
      readonly bound: number;
    };

export interface MemberFailure {
  readonly member: number;
  readonly message: string;
}

export interface MemberReport {
  readonly member: number;
  readonly workUnits: number;
  readonly improved: Plan | null;
  readonly bound: number;
  readonly done: boolean;
  /** Not null: the solver threw, and takes no further part. */
  readonly failure: string | null;
}
