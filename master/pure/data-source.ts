/** What a task has left, or will leave, for those that come after it. */
import type { DataFile } from "../../core/data.js";
import type { FlowSource } from "../../core/data-flow.js";
import type { AttemptId, WorkerId } from "../../core/ids.js";
import type { Task } from "./state.js";

export function lastSuccess(task: Task): {
  readonly attempt: AttemptId;
  readonly worker: WorkerId;
  readonly outputs: readonly DataFile[];
} | null {
  for (const { id, worker, status } of [...task.attempts].reverse()) {
    if (status.kind !== "ended" || status.outcome.kind !== "exited") continue;
    if (status.outcome.exitCode === 0)
      return { attempt: id, worker, outputs: status.outputs ?? [] };
  }
  return null;
}

/** As one end of an edge: see edgeTransferBytes in core/data-flow.ts. */
export function sourceOf(task: Task): FlowSource {
  const { entry, template, status } = task;
  const succeeded = status.kind === "ended" && status.state === "succeeded";
  return { entry, template, outputs: succeeded ? (lastSuccess(task)?.outputs ?? []) : null };
}
