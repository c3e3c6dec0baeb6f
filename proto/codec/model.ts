/** What people ask about models, between wire and core/prediction.ts. */
import type { Result } from "../../core/result.js";
import type * as wire from "../gen/almanac/v1/model.js";
import type { EvaluateModelRequest } from "../gen/almanac/v1/planner.js";
import { finish, identifier, newScope } from "./decoding.js";

/** Which model is to be served from now on. */
export interface Promotion {
  /** null: none. */
  readonly version: string | null;
  /** No proposal replaces it, until somebody promotes without this. */
  readonly pin: boolean;
}

export const encodePromotion = ({ version, pin }: Promotion): wire.PromoteModelRequest => ({
  version: version ?? "",
  pin,
});

export function decodePromotion({ version, pin }: wire.PromoteModelRequest): Result<Promotion> {
  const scope = newScope();
  const named = version === "" ? null : identifier(scope, "version", version);
  return finish(scope, "promotion", { version: named, pin });
}

/** The version that is meant. */
export function decodeEvaluateRequest({ version }: EvaluateModelRequest): Result<string> {
  const scope = newScope();
  return finish(scope, "evaluation", identifier(scope, "version", version));
}
