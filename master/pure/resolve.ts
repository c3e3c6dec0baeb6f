/**
 * An operator confirms that an attempt out of contact has stopped: only a person can know that of
 * a task that may not run twice. Should it live after all, its worker is told to end it on return.
 */
import { fail } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { endTask } from "./endings.js";
import { endAttempt } from "./outcome.js";
import { lost } from "./session.js";
import type { State } from "./state.js";
import { liveAttempt } from "./state.js";

export function* resolve(
  state: State,
  { task: id, as }: Extract<Command, { type: "Resolve" }>,
  nowMs: number,
): Decision {
  const task = state.tasks.get(id);
  if (task === undefined) return fail("not_found", `no task ${id}`);
  const attempt = liveAttempt(task);
  if (attempt?.status.kind !== "unknown") {
    return fail("failed_precondition", `task ${id} is not unknown: there is nothing to resolve`);
  }
  yield { type: "AttemptResolved", attempt: attempt.id, as };
  const end = lost("an operator confirmed that it has stopped", nowMs);
  if (as === "retry" || task.job.ending !== null || task.cancelRequested) {
    yield* endAttempt(state, attempt.id, end, nowMs);
    return noReply;
  }
  yield { type: "AttemptEnded", attempt: attempt.id, ...end };
  const message = "an operator confirmed that its attempt has stopped";
  yield* endTask(state, task, { state: "failed", reason: "resolved", message });
  return noReply;
}
