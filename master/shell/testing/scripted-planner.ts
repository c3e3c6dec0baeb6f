/** A planner that answers as a test says, on a real connection; it notes what it was told. */
import type { HistoryRecord, RevisedEstimate } from "../../../core/prediction.js";
import type { AlmanacError } from "../../../core/result.js";
import { toServiceError } from "../../../proto/codec/errors.js";
import { decodeHistoryRequest, encodeHistoryAnswer } from "../../../proto/codec/prediction.js";
import { type PlannerServiceServer, PlannerServiceService } from "../../../proto/codec/services.js";
import { serve } from "../../../proto/serving.js";

export interface ScriptedPlanner extends AsyncDisposable {
  readonly address: string;
  /** Records that it has taken in, each once. */
  readonly told: HistoryRecord[];
  /** Sequences of each request that was not empty. */
  readonly requests: number[][];
  /** Forgets all that it was told, as a new process would. */
  forget(): void;
}

export interface Script {
  /** Of what a request has brought that is new. */
  readonly revises?: (fresh: readonly HistoryRecord[]) => readonly RevisedEstimate[];
  /** Instead of an answer to this request for histories, counted from 1. */
  readonly fails?: (request: number) => AlmanacError | "hangs" | null;
  readonly proposes?: () => { readonly sha256: string | null; readonly version: string } | null;
  readonly others?: Partial<PlannerServiceServer>;
  /** `host:port`; absent: any port. */
  readonly listen?: string;
}

export async function startScriptedPlanner(script: Script = {}): Promise<ScriptedPlanner> {
  const told: HistoryRecord[] = [];
  const requests: number[][] = [];
  let taken = 0;
  let count = 0;
  const unserved = (_call: unknown, callback: (error: Error) => void): void =>
    callback(new Error("not scripted"));
  const serving = await serve({
    listen: script.listen ?? "127.0.0.1:0",
    services: ["almanac.v1.PlannerService"],
    messageBytesMax: 64 * 1024 * 1024,
    stopGraceMs: 50,
    addServices: (server) =>
      server.addService(PlannerServiceService, {
        plan: (call) => call.end(),
        estimate: (_call, callback) => callback(null, { estimates: [] }),
        history: (call, callback) => {
          const request = decodeHistoryRequest(call.request);
          if (!request.ok) return callback(toServiceError(request.error));
          const trouble = script.fails?.(++count) ?? null;
          if (trouble === "hangs") return;
          if (trouble !== null) return callback(toServiceError(trouble));
          const fresh = request.value.filter(({ sequence }) => sequence > taken);
          if (request.value.length > 0) requests.push(request.value.map((one) => one.sequence));
          told.push(...fresh);
          taken = fresh.at(-1)?.sequence ?? taken;
          const proposed = script.proposes?.() ?? null;
          const answer = {
            sequence: taken,
            revised: script.revises?.(fresh) ?? [],
            proposal: proposed === null ? null : { ...proposed, reason: "it is better" },
          };
          callback(null, encodeHistoryAnswer(answer));
        },
        listModels: unserved,
        trainModel: unserved,
        evaluateModel: unserved,
        importModel: unserved,
        ...script.others,
      } satisfies PlannerServiceServer),
  });
  return {
    address: serving.address,
    told,
    requests,
    forget() {
      told.length = 0;
      requests.length = 0;
      taken = 0;
    },
    [Symbol.asyncDispose]: () => serving.stop(),
  };
}
