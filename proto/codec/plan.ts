/** The conversation between master and planner, between wire and core/planning.ts. */
import type { Plan } from "../../core/plan.js";
import type {
  PlanBudget,
  PlanIncumbent,
  PlanOrder,
  PlanSummary,
  PlanUpdate,
  SolverReport,
} from "../../core/planning.js";
import { planEndReasons } from "../../core/planning.js";
import type { Problem } from "../../core/problem.js";
import { fail, ok, type Result, unreachable } from "../../core/result.js";
import { ObjectiveParts } from "../gen/almanac/v1/common.js";
import * as wire from "../gen/almanac/v1/planner.js";
import { bufferOf, type NumberColumn, ownColumnOf } from "./columns.js";
import { decodeParts, encodeParts } from "./common.js";
import {
  finish,
  finite,
  identifier,
  integer,
  list,
  literal,
  newScope,
  note,
  required,
  type Scope,
} from "./decoding.js";
import { encodeProblem } from "./problem.js";

/** The messages of the master's half of the stream, in order: the order, then the columns. */
export function* encodePlanRequests(
  order: PlanOrder,
  problem: Problem,
  chunkBytes?: number,
): Generator<wire.PlanRequest> {
  const chunks = encodeProblem(problem, chunkBytes);
  const { planId, budget, seed, solvers } = order;
  const start: wire.PlanStart = {
    planId,
    budget: encodeBudget(budget),
    seed,
    solvers: [...solvers],
    chunks: chunks.length,
  };
  yield { kind: { $case: "start", value: start } };
  for (const value of chunks) yield { kind: { $case: "chunk", value } };
}

export const encodePlanCancel = (): wire.PlanRequest => ({ kind: { $case: "cancel", value: {} } });

export type PlanRequestMessage =
  | { readonly kind: "start"; readonly order: PlanOrder; readonly chunks: number }
  /** For `ProblemAssembler.add`. */
  | { readonly kind: "chunk"; readonly chunk: wire.ColumnChunk }
  | { readonly kind: "cancel" };

/** More chunks than this are no problem that a planner takes. */
const chunksMax = 1_000_000;

export function decodePlanRequest(message: wire.PlanRequest): Result<PlanRequestMessage> {
  switch (message.kind?.$case) {
    case "start": {
      const start = message.kind.value;
      const scope = newScope();
      return finish(scope, "plan order", {
        kind: "start",
        order: {
          planId: identifier(scope, "planId", start.planId),
          budget: required(scope, "budget", start.budget, wire.Budget, decodeBudget),
          seed: integer(scope, "seed", start.seed, Number.MIN_SAFE_INTEGER),
          solvers: start.solvers.map((name, i) => identifier(scope, `solvers[${i}]`, name)),
        },
        chunks: integer(scope, "chunks", start.chunks, 1, chunksMax),
      });
    }
    case "chunk":
      return ok({ kind: "chunk", chunk: message.kind.value });
    case "cancel":
      return ok({ kind: "cancel" });
    case undefined:
      return fail("invalid_argument", "plan request: neither start, chunk nor cancel");
  }
}

const encodeBudget = ({ workUnits, wallMs }: PlanBudget): wire.Budget => ({ workUnits, wallMs });

const decodeBudget = (scope: Scope, message: wire.Budget): PlanBudget => ({
  workUnits: integer(scope, "workUnits", message.workUnits),
  wallMs: integer(scope, "wallMs", message.wallMs, 1),
});

export function encodePlanUpdate(update: PlanUpdate): wire.PlanReply {
  switch (update.kind) {
    case "accepted": {
      const { planId, tasks, solvers } = update.accepted;
      return { kind: { $case: "accepted", value: { planId, tasks, solvers: [...solvers] } } };
    }
    case "incumbent":
      return { kind: { $case: "incumbent", value: encodeIncumbent(update.incumbent) } };
    case "bound": {
      const { solver, bound } = update.bound;
      return { kind: { $case: "bound", value: { solver, bound } } };
    }
    case "finished":
      return { kind: { $case: "finished", value: encodeSummary(update.summary) } };
    default:
      return unreachable(update);
  }
}

/** `tasks`: of the problem that was sent; every plan must have as many. */
export function decodePlanUpdate(message: wire.PlanReply, tasks: number): Result<PlanUpdate> {
  const scope = newScope();
  switch (message.kind?.$case) {
    case "accepted": {
      const { planId, tasks: taken, solvers } = message.kind.value;
      if (taken !== tasks) note(scope, "tasks", `must be ${tasks}, but is ${taken}`);
      const accepted = { planId: identifier(scope, "planId", planId), tasks: taken, solvers };
      return finish(scope, "plan accepted", { kind: "accepted", accepted });
    }
    case "incumbent": {
      const incumbent = decodeIncumbent(scope, message.kind.value, tasks);
      return finish(scope, "incumbent", { kind: "incumbent", incumbent });
    }
    case "bound": {
      const { solver, bound } = message.kind.value;
      return finish(scope, "bound raised", {
        kind: "bound",
        bound: {
          solver: identifier(scope, "solver", solver),
          bound: finite(scope, "bound", bound),
        },
      });
    }
    case "finished": {
      const summary = decodeSummary(scope, message.kind.value);
      return finish(scope, "plan finished", { kind: "finished", summary });
    }
    case undefined:
      return fail("invalid_argument", "plan reply: no kind that is known");
  }
}

const encodeIncumbent = (incumbent: PlanIncumbent): wire.Incumbent => ({
  solver: incumbent.solver,
  value: incumbent.value,
  bound: incumbent.bound,
  parts: encodeParts(incumbent.parts),
  workUnits: incumbent.workUnits,
  wallMs: incumbent.wallMs,
  option: bufferOf(incumbent.plan.option),
  worker: bufferOf(incumbent.plan.worker),
  start: bufferOf(incumbent.plan.start),
  end: bufferOf(incumbent.plan.end),
  devices: bufferOf(incumbent.plan.devices),
});

const decodeIncumbent = (scope: Scope, message: wire.Incumbent, tasks: number): PlanIncumbent => ({
  solver: identifier(scope, "solver", message.solver),
  plan: decodePlan(scope, message, tasks),
  value: finite(scope, "value", message.value),
  bound: finite(scope, "bound", message.bound),
  parts: required(scope, "parts", message.parts, ObjectiveParts, decodeParts),
  workUnits: integer(scope, "workUnits", message.workUnits),
  wallMs: integer(scope, "wallMs", message.wallMs),
});

/** Only lengths are looked at here: whether a plan holds is for core/check to say. */
function decodePlan(scope: Scope, message: wire.Incumbent, tasks: number): Plan {
  const column = <T extends NumberColumn>(
    name: string,
    bytes: Uint8Array,
    type: { readonly BYTES_PER_ELEMENT: number; new (length: ArrayBufferLike | number): T },
  ): T => {
    const found = ownColumnOf(bytes, type);
    if (found?.length === tasks) return found;
    note(scope, name, `must have ${tasks} entries, but has ${bytes.length} bytes`);
    return new type(0);
  };
  return {
    option: column("option", message.option, Int32Array),
    worker: column("worker", message.worker, Int32Array),
    start: column("start", message.start, Int32Array),
    end: column("end", message.end, Int32Array),
    devices: column("devices", message.devices, Uint32Array),
  };
}

const encodeSummary = (summary: PlanSummary): wire.PlanFinished => ({
  reason: summary.reason,
  value: summary.value,
  bound: summary.bound,
  workUnits: summary.workUnits,
  wallMs: summary.wallMs,
  deterministic: summary.deterministic,
  solvers: summary.solvers.map((report) => ({ ...report })),
});

const decodeSummary = (scope: Scope, message: wire.PlanFinished): PlanSummary => ({
  reason: literal(scope, "reason", message.reason, planEndReasons),
  value: finiteOrInfinity(scope, "value", message.value),
  bound: finite(scope, "bound", message.bound),
  workUnits: integer(scope, "workUnits", message.workUnits),
  wallMs: integer(scope, "wallMs", message.wallMs),
  deterministic: message.deterministic,
  solvers: list(scope, "solvers", message.solvers, decodeReport),
});

const decodeReport = (scope: Scope, message: wire.SolverReport): SolverReport => ({
  solver: identifier(scope, "solver", message.solver),
  incumbents: integer(scope, "incumbents", message.incumbents),
  bestValue: finiteOrInfinity(scope, "bestValue", message.bestValue),
  bestBound: finite(scope, "bestBound", message.bestBound),
  workUnits: integer(scope, "workUnits", message.workUnits),
  failed: message.failed,
  message: message.message,
});

/** Infinity stands for "no plan". */
const finiteOrInfinity = (scope: Scope, name: string, value: number): number =>
  value === Number.POSITIVE_INFINITY ? value : finite(scope, name, value);
