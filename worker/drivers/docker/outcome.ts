/** Results whose error is words for the user, as the driver port has them. */
import type { Result } from "../../../core/result.js";

export type Outcome<T> = Result<T, string>;

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const fail = (error: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error,
});
