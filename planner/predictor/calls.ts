/** The predictor's calls, from bytes to bytes. */
import { fail, ok, type Result } from "../../core/result.js";
import {
  decodeEstimateRequest,
  decodeHistoryRequest,
  decodeImport,
  encodeEstimateResponse,
  encodeEvaluation,
  encodeHistoryAnswer,
  encodeModelAnswer,
  encodeModelList,
} from "../../proto/codec/prediction.js";
import type { PredictorMethod } from "../../proto/codec/predictor-calls.js";
import { PlannerServiceService as service } from "../../proto/codec/services.js";
import type { Engine } from "./engine.js";

export async function answerCall(
  engine: Engine,
  method: PredictorMethod,
  bytes: Buffer,
): Promise<Result<Uint8Array>> {
  switch (method) {
    case "estimate": {
      const { requestDeserialize, responseSerialize } = service.estimate;
      const subjects = read(bytes, requestDeserialize, decodeEstimateRequest);
      if (!subjects.ok) return subjects;
      return ok(responseSerialize(encodeEstimateResponse(await engine.estimate(subjects.value))));
    }
    case "history": {
      const { requestDeserialize, responseSerialize } = service.history;
      const records = read(bytes, requestDeserialize, decodeHistoryRequest);
      if (!records.ok) return records;
      return ok(responseSerialize(encodeHistoryAnswer(await engine.take(records.value))));
    }
    case "listModels":
      return ok(service.listModels.responseSerialize(encodeModelList(engine.list())));
    case "trainModel": {
      const trained = await engine.train();
      if (!trained.ok) return trained;
      return ok(service.trainModel.responseSerialize(encodeModelAnswer(trained.value)));
    }
    case "evaluateModel": {
      const { requestDeserialize, responseSerialize } = service.evaluateModel;
      const version = read(bytes, requestDeserialize, (message) => ok(message.version));
      if (!version.ok) return version;
      const evaluated = await engine.evaluate(version.value);
      if (!evaluated.ok) return evaluated;
      return ok(responseSerialize(encodeEvaluation(evaluated.value)));
    }
    case "importModel": {
      const { requestDeserialize, responseSerialize } = service.importModel;
      const brought = read(bytes, requestDeserialize, decodeImport);
      if (!brought.ok) return brought;
      const model = await engine.bring(brought.value);
      return model.ok ? ok(responseSerialize(encodeModelAnswer(model.value))) : model;
    }
  }
}

/** A message that is no message is the caller's fault, like one that says what may not be. */
function read<W, T>(
  bytes: Buffer,
  deserialize: (bytes: Buffer) => W,
  decode: (message: W) => Result<T>,
): Result<T> {
  let message: W;
  try {
    message = deserialize(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail("invalid_argument", `the message cannot be read: ${why}`);
  }
  return decode(message);
}
