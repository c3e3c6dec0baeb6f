/**
 * The predictor's calls at the planner's door. Bytes go to the predictor and come back; while it is
 * away, or has not been told again what it knew, estimates are made of group statistics that the
 * planner itself keeps. One that comes back knowing nothing is told again, because the sequence that
 * the master hears is then below what it has told.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type AlmanacError, fail, ok, type Result } from "../../core/result.js";
import {
  decodeEstimateRequest,
  decodeHistoryAnswer,
  decodeHistoryRequest,
  encodeEstimateResponse,
  encodeHistoryAnswer,
} from "../../proto/codec/prediction.js";
import type { PredictorMethod } from "../../proto/codec/predictor-calls.js";
import { PlannerServiceService as service } from "../../proto/codec/services.js";
import { PredictorProcess, type PredictorProcessOptions } from "../predictor/process.js";
import { createHistory, estimateOf, takeRecords } from "./history.js";

export interface PredictorDesk {
  call(method: PredictorMethod, request: Buffer): Promise<Result<Uint8Array>>;
  /** Of its process; null while there is none. */
  pid(): number | null;
  stop(): Promise<void>;
}

export type PredictorDeskOptions = Omit<PredictorProcessOptions, "onLost">;

/** An estimate that comes later than this is of no use to a plan. */
const estimateMsMax = 1_000;
/** The master does not wait for a training: it asks again. */
const historyMsMax = 1_000;
/** Records and subjects handled before others have their turn. */
const chunk = 50;

/** `options` null: statistics alone. */
export function createPredictorDesk(options: PredictorDeskOptions | null): PredictorDesk {
  const history = createHistory();
  /** What the predictor has said that it has taken in. */
  let taken = 0;
  /** A predictor that knows less was not told all of it. */
  let toldBefore = 0;
  /** The next that the master tells is answered by "from the start". */
  let isEmptyHanded = false;
  let telling: Promise<Result<Uint8Array>> | null = null;
  /** An answer that came when nobody waited for it any more. */
  let late: Result<Uint8Array> | null = null;
  const predictor =
    options === null
      ? null
      : new PredictorProcess({
          ...options,
          onLost: () => {
            toldBefore = Math.max(toldBefore, taken, history.sequence);
            taken = 0;
            late = null;
            isEmptyHanded = toldBefore > 0;
          },
        });

  const answered = (sequence: number): Result<Uint8Array> =>
    ok(
      service.history.responseSerialize(
        encodeHistoryAnswer({ sequence, revised: [], proposal: null }),
      ),
    );

  const tell = async (request: Buffer): Promise<Result<Uint8Array>> => {
    const records = decodeHistoryRequest(read(service.history, request));
    if (!records.ok) return records;
    const ascending = [...records.value].sort((a, b) => a.sequence - b.sequence);
    for (let from = 0; from < ascending.length; from += chunk) {
      takeRecords(history, ascending.slice(from, from + chunk));
      await new Promise(setImmediate);
    }
    if (predictor === null) return answered(history.sequence);
    if (isEmptyHanded && predictor.pid !== null) {
      isEmptyHanded = false;
      return answered(0);
    }
    // One telling at a time: what waits behind a training is not told twice.
    if (telling === null && late === null) return await tellPredictor(predictor, request);
    if (telling !== null) await within(telling, historyMsMax);
    const answer = late;
    late = null;
    return answer ?? answered(taken);
  };

  const tellPredictor = async (
    to: PredictorProcess,
    request: Buffer,
  ): Promise<Result<Uint8Array>> => {
    const told = to.call("history", request).then((result) => {
      telling = null;
      if (result.ok) {
        taken = sequenceOf(result.value) ?? taken;
        late = result;
      }
      return result;
    });
    telling = told;
    const result = await within(told, historyMsMax);
    if (result === null) return answered(taken);
    late = null;
    return isAway(result) ? answered(history.sequence) : result;
  };

  const estimate = async (request: Buffer): Promise<Result<Uint8Array>> => {
    if (predictor !== null && taken >= toldBefore) {
      const result = await within(predictor.call("estimate", request), estimateMsMax);
      if (result !== null && !isAway(result)) return result;
    }
    const subjects = decodeEstimateRequest(read(service.estimate, request));
    if (!subjects.ok) return subjects;
    const estimates = [];
    for (const [place, subject] of subjects.value.entries()) {
      estimates.push(estimateOf(history, subject));
      if (place % chunk === chunk - 1) await new Promise(setImmediate);
    }
    return ok(service.estimate.responseSerialize(encodeEstimateResponse(estimates)));
  };

  const answer = (method: PredictorMethod, request: Buffer): Promise<Result<Uint8Array>> => {
    if (method === "estimate") return estimate(request);
    if (method === "history") return tell(request);
    if (predictor === null) {
      return Promise.resolve(fail("failed_precondition", "this planner has no predictor"));
    }
    return predictor.call(method, request);
  };

  return {
    call: async (method, request) => {
      try {
        return await answer(method, request);
      } catch (error) {
        if (error instanceof Unreadable) return { ok: false, error: error.error };
        throw error;
      }
    },
    pid: () => predictor?.pid ?? null,
    stop: async () => await predictor?.stop(),
  };
}

/** What the bytes are of no message. */
class Unreadable extends Error {
  readonly error: AlmanacError;
  constructor(why: string) {
    super(why);
    this.error = fail("invalid_argument", `the message cannot be read: ${why}`).error;
  }
}

function read<W>(
  { requestDeserialize }: { readonly requestDeserialize: (bytes: Buffer) => W },
  bytes: Buffer,
): W {
  try {
    return requestDeserialize(bytes);
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
}

function sequenceOf(reply: Uint8Array): number | null {
  const decoded = decodeHistoryAnswer(service.history.responseDeserialize(Buffer.from(reply)));
  return decoded.ok ? decoded.value.sequence : null;
}

const isAway = (result: Result<unknown>): boolean =>
  !result.ok && result.error.code === "unavailable";

/** null: not in time. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const late = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(ms, null, { signal: late.signal }).catch(() => null),
    ]);
  } finally {
    late.abort();
  }
}
