/**
 * Errors on the wire. The status code tells any gRPC client roughly what happened; the metadata
 * entry `almanac-error-bin` carries the whole error for ours. Whatever else goes wrong on a call is
 * made an AlmanacError here, once, so that no caller meets an exception of unknown shape.
 */
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { AlmanacError, ErrorCode, Violation } from "../../core/result.js";
import { errorCodes } from "../../core/result.js";
import { ErrorDetail } from "../gen/almanac/v1/common.js";
import { decodeViolation, encodeViolation } from "./common.js";
import { excerpt, newScope } from "./decoding.js";

export const errorMetadataKey = "almanac-error-bin";

/** HTTP/2 peers refuse long header blocks: what a detail may take of the usual 8 KiB, in bytes. */
const detailBytesMax = 4_096;
const messageLength = 1_024;

const statusOfCode = {
  invalid_argument: status.INVALID_ARGUMENT,
  limit_exceeded: status.RESOURCE_EXHAUSTED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  unplaceable: status.FAILED_PRECONDITION,
  failed_precondition: status.FAILED_PRECONDITION,
  // Whether it was recorded is not known; the idempotency key makes a retry safe.
  not_durable: status.UNAVAILABLE,
  unavailable: status.UNAVAILABLE,
  permission_denied: status.PERMISSION_DENIED,
  internal: status.INTERNAL,
} satisfies Record<ErrorCode, status>;

/** For errors that carry no detail: they were made by gRPC itself, or by another program. */
const codeOfStatus: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [status.INVALID_ARGUMENT, "invalid_argument"],
  [status.OUT_OF_RANGE, "invalid_argument"],
  // gRPC says so of a message past the receiver's limit.
  [status.RESOURCE_EXHAUSTED, "limit_exceeded"],
  [status.NOT_FOUND, "not_found"],
  [status.ALREADY_EXISTS, "already_exists"],
  [status.FAILED_PRECONDITION, "failed_precondition"],
  [status.ABORTED, "failed_precondition"],
  [status.UNAVAILABLE, "unavailable"],
  [status.DEADLINE_EXCEEDED, "unavailable"],
  [status.CANCELLED, "unavailable"],
  [status.PERMISSION_DENIED, "permission_denied"],
  [status.UNAUTHENTICATED, "permission_denied"],
]);

/** For a server's callback, or for a stream's `emit("error", …)`; `destroy` would send no status. */
export function toServiceError(error: AlmanacError): ServiceError {
  const metadata = new Metadata();
  metadata.set(errorMetadataKey, encodeDetail(error));
  const details = shortened(error.message);
  return Object.assign(new Error(details), {
    code: statusOfCode[error.code],
    details,
    metadata,
  });
}

/** Whatever a call was rejected with, as an AlmanacError. Never throws. */
export function fromServiceError(thrown: unknown): AlmanacError {
  if (!(thrown instanceof Error)) {
    // Not every value can be made a text: only what is one is shown.
    const message = typeof thrown === "string" ? excerpt(thrown) : "a value that is no error";
    return { code: "internal", message, violations: [] };
  }
  const detail = detailOf(thrown);
  if (detail !== null) return detail;
  const code = "code" in thrown && typeof thrown.code === "number" ? thrown.code : null;
  const details = "details" in thrown && typeof thrown.details === "string" ? thrown.details : "";
  return {
    code: (code === null ? undefined : codeOfStatus.get(code)) ?? "internal",
    message: details === "" ? thrown.message : details,
    violations: [],
  };
}

function encodeDetail({ code, message, violations }: AlmanacError): Buffer {
  const detail: ErrorDetail = { code, message: shortened(message), violations: [] };
  let bytes = ErrorDetail.encode(detail).finish();
  for (const [index, violation] of violations.entries()) {
    detail.violations.push(encodeViolation(shortenedViolation(violation)));
    const longer = ErrorDetail.encode(detail).finish();
    if (longer.length > detailBytesMax) {
      detail.violations.pop();
      const left = violations.length - index;
      detail.message = `${detail.message} (${left} more not listed)`;
      return Buffer.from(ErrorDetail.encode(detail).finish());
    }
    bytes = longer;
  }
  return Buffer.from(bytes);
}

function detailOf(error: Error): AlmanacError | null {
  if (!("metadata" in error) || !(error.metadata instanceof Metadata)) return null;
  const [bytes] = error.metadata.get(errorMetadataKey);
  if (!Buffer.isBuffer(bytes)) return null;
  return decodeDetail(bytes);
}

function decodeDetail(bytes: Buffer): AlmanacError | null {
  let detail: ErrorDetail;
  try {
    detail = ErrorDetail.decode(bytes);
  } catch {
    return null; // not ours: the status code has to do
  }
  return decodeErrorDetail(detail);
}

/** For a refusal within an answer, as in a batch. A code that is not known is `internal`. */
export function decodeErrorDetail(detail: ErrorDetail): AlmanacError {
  const scope = newScope();
  return {
    code: errorCodes.find((code) => code === detail.code) ?? "internal",
    message: detail.message,
    violations: detail.violations.map((violation) => decodeViolation(scope, violation)),
  };
}

export const encodeErrorDetail = ({ code, message, violations }: AlmanacError): ErrorDetail => ({
  code,
  message,
  violations: violations.map(encodeViolation),
});

/** Cut to a length, and without halves of surrogate pairs, at which gRPC's encoder throws. */
function shortened(text: string): string {
  const cut = text.length <= messageLength ? text : `${text.slice(0, messageLength - 1)}…`;
  return Buffer.from(cut, "utf8").toString("utf8");
}

const shortenedViolation = (violation: Violation): Violation => ({
  ...violation,
  field: shortened(violation.field),
  message: shortened(violation.message),
});
