/**
 * ModelService: the planner keeps the models, the journal says which one is served. What the planner
 * says of states is shown as the journal has it by now.
 */
import type { AbsentModel, ModelView } from "../../core/prediction.js";
import { fail, ok, type Result } from "../../core/result.js";
import { decodeEvaluateRequest, decodePromotion, type Promotion } from "../../proto/codec/model.js";
import {
  decodeImport,
  encodeEvaluation,
  encodeModelAnswer,
  encodeModelList,
} from "../../proto/codec/prediction.js";
import type { ModelServiceServer } from "../../proto/codec/services.js";
import type { ModelInUse } from "../pure/state.js";
import { getCalibration } from "./calibration.js";
import type { Engine } from "./engine.js";
import { type PlannerModels, plannerModels } from "./planner-models.js";
import type { PlannerPort } from "./planner-port.js";
import { unary } from "./unary.js";

export interface ModelServiceOptions {
  readonly engine: Engine;
  readonly planner: { readonly port: PlannerPort | null };
}

export function modelService({ engine, planner }: ModelServiceOptions): ModelServiceServer {
  const models = plannerModels(() => planner.port);
  return {
    listModels: unary(async () => {
      const found = await models.list();
      if (!found.ok) return found;
      const shown = found.value.models.map((model) => asChosen(model, engine.state.model));
      await engine.durable();
      const absent = absentFrom(shown, engine.state.model);
      return ok(encodeModelList({ ...found.value, models: shown, absent }));
    }),
    trainModel: unary(async () => {
      const model = await models.train();
      return model.ok ? ok(encodeModelAnswer(model.value)) : model;
    }),
    evaluateModel: unary(async (request) => {
      const version = decodeEvaluateRequest(request);
      if (!version.ok) return version;
      const evaluation = await models.evaluate(version.value);
      return evaluation.ok ? ok(encodeEvaluation(evaluation.value)) : evaluation;
    }),
    importModel: unary(async (request) => {
      const brought = decodeImport(request);
      if (!brought.ok) return brought;
      const model = await models.import(brought.value);
      return model.ok ? ok(encodeModelAnswer(model.value)) : model;
    }),
    promoteModel: unary(async (request, principal) => {
      const promotion = decodePromotion(request);
      if (!promotion.ok) return promotion;
      const promoted = await promote({ engine, models }, promotion.value, principal);
      if (!promoted.ok) return promoted;
      return ok(promoted.value === null ? {} : encodeModelAnswer(promoted.value));
    }),
    getCalibration: unary(() => getCalibration(engine)),
  };
}

/** The model as it is served from now on; null: none is. */
async function promote(
  { engine, models }: { readonly engine: Engine; readonly models: PlannerModels },
  { version, pin: pinned }: Promotion,
  principal: string,
): Promise<Result<ModelView | null>> {
  const found = version === null ? ok(null) : await modelNamed(models, version);
  if (!found.ok) return found;
  const model = found.value;
  const reply = await engine.execute(
    {
      type: "ChooseModel",
      sha256: model?.sha256 ?? null,
      version: model?.version ?? "",
      pinned,
      reason: `promoted by ${principal}`,
      by: principal,
    },
    principal,
  );
  if (!reply.ok) return reply;
  return ok(model === null ? null : asChosen(model, engine.state.model));
}

async function modelNamed(models: PlannerModels, version: string): Promise<Result<ModelView>> {
  const list = await models.list();
  if (!list.ok) return list;
  const model = list.value.models.find((one) => one.version === version);
  if (model !== undefined) return ok(model);
  const some = list.value.models.slice(-3).map((one) => one.version);
  const there = some.length === 0 ? "there is none yet" : `there are ${some.join(", ")}`;
  return fail("not_found", `no model has the version ${version}: ${there}`, [
    { field: "version", message: "must be a version that `almanac model list` shows" },
  ]);
}

/** A planner that was given an empty directory, or another's. */
function absentFrom(
  models: readonly ModelView[],
  { sha256, version }: ModelInUse,
): AbsentModel | null {
  if (sha256 === null || models.some((one) => one.sha256 === sha256)) return null;
  return { version, sha256 };
}

/** The planner hears of a choice a moment later. */
function asChosen(model: ModelView, { sequence, sha256, pinned, reason }: ModelInUse): ModelView {
  if (sequence === 0) return model;
  if (model.sha256 === sha256) {
    return {
      ...model,
      state: "active",
      pinned,
      reason: model.state === "active" ? model.reason : reason,
    };
  }
  return model.state === "active"
    ? { ...model, state: "retired", pinned: false, reason: "another is served" }
    : { ...model, pinned: false };
}
