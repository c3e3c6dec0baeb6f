/**
 * One call of Plan: takes the order and the columns, runs the portfolio, streams what it finds. The
 * work stops when the master cancels or goes away. A call that is refused changes nothing.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { PlanOrder, PlanSummary } from "../../core/planning.js";
import type { Problem } from "../../core/problem.js";
import { type AlmanacError, fail, ok, type Result } from "../../core/result.js";
import { toServiceError } from "../../proto/codec/errors.js";
import { decodePlanRequest } from "../../proto/codec/plan.js";
import { ProblemAssembler } from "../../proto/codec/problem.js";
import type { PlanReply, PlanRequest } from "../../proto/codec/services.js";
import { participants } from "../participants.js";
import { type PortfolioRequest, type PortfolioResult, runPortfolio } from "../portfolio.js";
import { isSolverName, type SolverName, solverNames } from "../solvers/registry.js";
import type { ThreadPool } from "../thread-pool.js";
import { type ProblemLimits, validateProblem } from "../validate-problem.js";
import { Outbox } from "./outbox.js";

export interface PlannerLimits extends ProblemLimits {
  /** Plans worked on, or being received, at once. */
  readonly concurrentPlans: number;
  readonly problemBytesMax: number;
  readonly wallMsMax: number;
  /** From the order to the last chunk. */
  readonly receiveMsMax: number;
}

export interface PlanningDesk {
  readonly pool: ThreadPool;
  readonly threads: number;
  readonly limits: PlannerLimits;
  readonly log: Logger;
  /** Calls that hold a place; aborted when the planner stops. */
  readonly open: Set<AbortController>;
}

type Call = ServerDuplexStream<PlanRequest, PlanReply>;

/** A call as it goes: nothing yet, then columns, then work, then nothing more. */
type Stage =
  | { readonly kind: "waiting" }
  | {
      readonly kind: "receiving";
      readonly order: PlanOrder;
      readonly assembler: ProblemAssembler;
      readonly clock: NodeJS.Timeout;
      missing: number;
    }
  | { readonly kind: "planning" }
  | { readonly kind: "closed" };

export function handlePlan(desk: PlanningDesk, call: Call): void {
  const abort = new AbortController();
  let stage: Stage = { kind: "waiting" };
  const close = (): void => {
    if (stage.kind === "receiving") clearTimeout(stage.clock);
    stage = { kind: "closed" };
    desk.open.delete(abort);
    abort.abort();
  };
  const refuse = (error: AlmanacError): void => {
    if (stage.kind === "closed") return;
    desk.log.info({ code: error.code, message: error.message }, "plan refused");
    close();
    // Destroying the stream would end it without a status: grpc-js sends one for the event alone.
    call.emit("error", toServiceError(error));
  };
  const advance = (message: PlanRequest): Result<null> => {
    const request = decodePlanRequest(message);
    if (!request.ok) return request;
    if (request.value.kind === "cancel") {
      // Nothing to stop yet: the call ends as if it had not been.
      if (stage.kind !== "planning") return fail("failed_precondition", "nothing to cancel");
      abort.abort();
      return ok(null);
    }
    if (request.value.kind === "start") {
      if (stage.kind !== "waiting")
        return fail("failed_precondition", "the order was given already");
      const admitted = admit(desk, request.value.order);
      if (!admitted.ok) return admitted;
      desk.open.add(abort);
      const late = (): void => refuse(fail("unavailable", "the problem took too long").error);
      stage = {
        kind: "receiving",
        order: request.value.order,
        assembler: new ProblemAssembler({ bytesMax: desk.limits.problemBytesMax }),
        clock: setTimeout(late, desk.limits.receiveMsMax),
        missing: request.value.chunks,
      };
      return ok(null);
    }
    if (stage.kind !== "receiving") return fail("failed_precondition", "a chunk without an order");
    const added = stage.assembler.add(request.value.chunk);
    if (!added.ok) return added;
    stage.missing -= 1;
    if (stage.missing > 0) return ok(null);
    clearTimeout(stage.clock);
    const { order, assembler } = stage;
    const problem = readProblem(desk, assembler);
    if (!problem.ok) return problem;
    stage = { kind: "planning" };
    plan(desk, call, order, problem.value, abort.signal)
      .catch((error: unknown) => {
        desk.log.error({ planId: order.planId, error }, "planning failed");
        const message = error instanceof Error ? error.message : String(error);
        refuse(fail("internal", message).error);
      })
      .finally(close);
    return ok(null);
  };
  call.on("data", (message: PlanRequest) => {
    if (stage.kind === "closed") return;
    const result = advance(message);
    if (!result.ok) refuse(result.error);
  });
  call.on("end", () => {
    // Half-closed: fine once all has been said, else the rest will never come.
    if (stage.kind === "waiting" || stage.kind === "receiving") {
      refuse(fail("invalid_argument", "the stream ended before the problem was complete").error);
    }
  });
  call.on("cancelled", close);
  call.on("error", close);
}

function admit(desk: PlanningDesk, order: PlanOrder): Result<null> {
  const { concurrentPlans } = desk.limits;
  if (desk.open.size >= concurrentPlans) {
    return fail("unavailable", `${concurrentPlans} plans are being worked on already`);
  }
  const unknown = order.solvers.findIndex((name) => !isSolverName(name));
  if (unknown === -1) return ok(null);
  const message = `no such solver; there are ${solverNames.join(", ")}`;
  return fail("invalid_argument", `solvers[${unknown}]: ${message}`, [
    { field: `solvers[${unknown}]`, message },
  ]);
}

function readProblem(desk: PlanningDesk, assembler: ProblemAssembler): Result<Problem> {
  const problem = assembler.finish();
  if (!problem.ok) return problem;
  const valid = validateProblem(problem.value, desk.limits);
  return valid.ok ? problem : valid;
}

async function plan(
  desk: PlanningDesk,
  call: Call,
  order: PlanOrder,
  problem: Problem,
  signal: AbortSignal,
): Promise<void> {
  const outbox = new Outbox(call);
  const request: PortfolioRequest = {
    seed: order.seed,
    solvers: order.solvers.filter((name): name is SolverName => isSolverName(name)),
    workUnits: order.budget.workUnits,
    wallMs: Math.min(order.budget.wallMs, desk.limits.wallMsMax),
  };
  const log = desk.log.child({ planId: order.planId });
  const solvers = participants(problem, request).map(({ name }) => name);
  outbox.send({
    kind: "accepted",
    accepted: { planId: order.planId, tasks: problem.tasks.count, solvers },
  });
  const result = await runPortfolio(
    problem,
    request,
    { pool: desk.pool, threads: desk.threads, log },
    {
      incumbent: ({ plan: found, evaluation, solver }, bound, { workUnits, wallMs }) =>
        outbox.send({
          kind: "incumbent",
          incumbent: {
            solver,
            plan: found,
            value: evaluation.value,
            parts: evaluation.parts,
            bound,
            workUnits,
            wallMs: Math.round(wallMs),
          },
        }),
      bound: (solver, bound) => outbox.send({ kind: "bound", bound: { solver, bound } }),
    },
    signal,
  );
  const summary = summaryOf(result);
  log.info({ tasks: problem.tasks.count, ...summary }, "plan finished");
  outbox.send({ kind: "finished", summary });
}

function summaryOf(result: PortfolioResult): PlanSummary {
  return {
    reason: result.reason,
    value: result.incumbent?.evaluation.value ?? Number.POSITIVE_INFINITY,
    bound: result.bound,
    workUnits: result.workUnits,
    wallMs: Math.round(result.wallMs),
    deterministic: result.deterministic,
    solvers: [...result.contributions].map(([solver, contribution]) => ({
      solver,
      incumbents: contribution.incumbents,
      bestValue: contribution.bestValue,
      bestBound: contribution.bestBound,
      workUnits: contribution.workUnits,
      failed: contribution.failure !== "",
      message: contribution.failure,
    })),
  };
}
