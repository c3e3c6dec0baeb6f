/**
 * Which model the cluster's predictors serve. Only an event says so, with the digest of the model's
 * bytes: whoever reads the journal serves the same. What a person has pinned no proposal replaces.
 */
import { fail } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { State } from "./state.js";

/** As `by` of what the predictor has proposed itself. */
export const proposer = "planner";

/** Of what a planner says, which may be anything. */
export const choiceLimits = { versionLength: 256, reasonLength: 1_000 } as const;

export function* chooseModel(
  { model }: State,
  { type: _, ...choice }: Extract<Command, { type: "ChooseModel" }>,
): Decision {
  const isSame = model.sequence > 0 && model.sha256 === choice.sha256;
  if (choice.by === proposer) {
    if (model.pinned) return fail("failed_precondition", "the model in use is pinned");
    if (isSame || (choice.sha256 === null && model.sha256 === null)) return noReply;
  }
  // Said again by a person it stays one event: there is nothing new to serve.
  if (isSame && model.pinned === choice.pinned) return noReply;
  yield { type: "ModelChosen", ...choice };
  return noReply;
}
