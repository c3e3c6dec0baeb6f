/** Why content could not be had, where a stream of it has to say so. */
import type { AlmanacError, ErrorCode } from "../core/result.js";

export class BlobFailure extends Error {
  readonly error: AlmanacError;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.error = { code, message, violations: [] };
  }
}

export function blobError(error: unknown): AlmanacError {
  if (error instanceof BlobFailure) return error.error;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message, violations: [] };
}

export const shortHash = (sha256: string): string => sha256.slice(0, 12);
