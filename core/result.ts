/**
 * Expected failures are values, not exceptions (docs/architecture.md, "Errors").
 * The table of codes is closed: a client can switch over it exhaustively.
 */
export const errorCodes = [
  "invalid_argument", // a field is missing, malformed or contradicts another one
  "limit_exceeded", // a field is past a stated limit
  "not_found",
  "already_exists",
  "unplaceable", // no worker present or configured could ever run it
  "failed_precondition", // the request is well formed but the state does not allow it
  "not_durable", // the journal could not make it durable
  "unavailable", // the other side is down or still starting
  "permission_denied",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One thing that is wrong with an input, at one place in it. */
export interface Violation {
  /** Path of the field, dotted with brackets: `tasks.train.resources.cpu`, `tasks[3].name`. */
  readonly field: string;
  readonly message: string;
  /** 1-based line in the source text, where the input was a text. */
  readonly line?: number;
  /** The limit that was passed, in the field's own unit. */
  readonly limit?: number;
}

/** The one error type that crosses house borders and the wire. */
export interface AlmanacError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly violations: readonly Violation[];
}

export type Result<T, E = AlmanacError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail(
  code: ErrorCode,
  message: string,
  violations: readonly Violation[] = [],
): { readonly ok: false; readonly error: AlmanacError } {
  return { ok: false, error: { code, message, violations } };
}

/** A violated invariant is a bug: crash rather than go on with a wrong state. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}

/** Closes an exhaustive switch: a new variant that is not handled fails to compile. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
