/**
 * The models that the planner keeps, asked for by the master. That no planner is configured, that it
 * cannot be reached and that it does not answer are errors of their own; none of them is a master
 * that is away.
 */
import type { BroughtModel, ModelEvaluation, ModelList, ModelView } from "../../core/prediction.js";
import { fail, type Result } from "../../core/result.js";
import {
  decodeEvaluation,
  decodeModelAnswer,
  decodeModelList,
  encodeImport,
} from "../../proto/codec/prediction.js";
import type { Ask, PlannerFailure, PlannerPort } from "./planner-port.js";

export interface PlannerModels {
  list(): Promise<Result<ModelList>>;
  /** Answers when it is done. */
  train(): Promise<Result<ModelView>>;
  evaluate(version: string): Promise<Result<ModelEvaluation>>;
  import(brought: BroughtModel): Promise<Result<ModelView>>;
}

const listWithinMs = 5_000;
/** Also a trial of what somebody brings, in a process of its own. */
const workWithinMs = 120_000;

/** `port` is asked for each call: connections change. */
export function plannerModels(port: () => PlannerPort | null): PlannerModels {
  async function call<Request, Reply, T>(
    method: (port: PlannerPort) => Ask<Request, Reply>,
    request: Request,
    { withinMs, decode }: { withinMs: number; decode: (reply: Reply) => Result<T> },
  ): Promise<Result<T>> {
    const connected = port();
    if (connected === null) {
      return fail("failed_precondition", "no planner is configured, and models are kept by it");
    }
    return new Promise((resolve) => {
      method(connected)(request, withinMs, (failure, reply) => {
        if (reply !== null) resolve(decode(reply));
        else resolve({ ok: false, error: errorOf(failure, withinMs) });
      });
    });
  }
  return {
    list: () =>
      call((to) => to.listModels, {}, { withinMs: listWithinMs, decode: decodeModelList }),
    train: () =>
      call((to) => to.trainModel, {}, { withinMs: workWithinMs, decode: decodeModelAnswer }),
    evaluate: (version) =>
      call(
        (to) => to.evaluateModel,
        { version },
        { withinMs: workWithinMs, decode: decodeEvaluation },
      ),
    import: (brought) =>
      call((to) => to.importModel, encodeImport(brought), {
        withinMs: workWithinMs,
        decode: decodeModelAnswer,
      }),
  };
}

/** What the planner itself refuses is passed on as it is. */
function errorOf(failure: PlannerFailure | null, withinMs: number) {
  const { hung, error } = failure ?? { hung: true, error: null };
  if (hung || error === null) {
    const message = `the planner took the call and has not answered within ${withinMs / 1_000} s`;
    return fail("failed_precondition", message).error;
  }
  if (error.code !== "unavailable") return error;
  return fail("failed_precondition", `the planner cannot be reached: ${error.message}`).error;
}
