/** One call of a master, or one stream: sent, awaited, and what comes back decoded. */
import { userInfo } from "node:os";
import {
  type CallOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import type { AlmanacError, Result } from "../core/result.js";
import { fromServiceError } from "../proto/codec/errors.js";

/** A call that changes or reads a job of any size. */
const deadlineMs = 60_000;
/** A call that trains a model, or tries one; the master gives the planner less. */
export const longDeadlineMs = 150_000;
/** A call whose answer is small: whoever does not answer by then is taken as down. */
export const shortDeadlineMs = 10_000;

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

export type Call = <Request, Response, T>(
  method: Unary<Request, Response>,
  request: Request,
  decode: (response: Response) => Result<T>,
  limitMs?: number,
) => Promise<Result<T>>;

/** One call: sent, awaited, and its answer decoded. */
export function caller(address: string): Call {
  return async (method, request, decode, limitMs = deadlineMs) => {
    const options = { deadline: Date.now() + limitMs };
    try {
      const response = await new Promise<Parameters<typeof decode>[0]>((resolve, reject) => {
        method(request, callerMetadata(), options, (error, answer) => {
          if (error === null) resolve(answer);
          else reject(error);
        });
      });
      return decode(response);
    } catch (error) {
      return { ok: false, error: plainly(fromServiceError(error), address) };
    }
  };
}

export async function* read<Response, T>(
  address: string,
  stream: ClientReadableStream<Response>,
  decode: (response: Response) => Result<T>,
  signal: AbortSignal,
): AsyncGenerator<Result<T>> {
  const cancel = (): void => stream.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const response of stream) {
      const decoded = decode(response);
      yield decoded;
      if (!decoded.ok) return;
    }
  } catch (error) {
    if (!signal.aborted) yield { ok: false, error: plainly(fromServiceError(error), address) };
  } finally {
    signal.removeEventListener("abort", cancel);
    stream.cancel();
  }
}

/** The library's words for "nobody listens there" are long and speak of its own insides. */
function plainly(error: AlmanacError, address: string): AlmanacError {
  if (error.code !== "unavailable") return error;
  const why = /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT/.exec(error.message)?.[0];
  if (why === undefined) return error;
  return { ...error, message: `no master answers at ${address} (${why})` };
}

/** Who asks: recorded with what they do. With a certificate it is what that says. */
export function callerMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("almanac-principal", userName().replace(/[^\x20-\x7e]/g, "?"));
  return metadata;
}

let knownUserName: string | null = null;
function userName(): string {
  if (knownUserName !== null) return knownUserName;
  try {
    knownUserName = userInfo().username;
  } catch {
    knownUserName = process.env.USER ?? "unknown"; // a user id without an entry in passwd
  }
  return knownUserName;
}
