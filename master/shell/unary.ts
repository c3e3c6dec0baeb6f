/** The one place where a unary call's result becomes an answer, and a crash becomes an error. */
import type { Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { Result } from "../../core/result.js";
import { fromServiceError, toServiceError } from "../../proto/codec/errors.js";
import { principalOf } from "./principal.js";

export function unary<Request, Response>(
  handle: (
    request: Request,
    principal: string,
    gone: AbortSignal,
    metadata: Metadata,
  ) => Promise<Result<Response>>,
): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
  return (call, callback) => {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    handle(call.request, principalOf(call.metadata), gone.signal, call.metadata).then(
      (result) => {
        if (result.ok) callback(null, result.value);
        else callback(toServiceError(result.error));
      },
      (error: unknown) => callback(toServiceError(fromServiceError(error))),
    );
  };
}
