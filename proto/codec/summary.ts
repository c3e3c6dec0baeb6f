/** A job in short, between wire and core/views.ts. */
import { jobId } from "../../core/ids.js";
import type { JobSummary, TaskStateName } from "../../core/views.js";
import { taskStates } from "../../core/views.js";
import type * as wire from "../gen/almanac/v1/job.js";
import {
  entriesOf,
  enumWord,
  identifier,
  integer,
  integerOrNull,
  type Scope,
  textRecord,
} from "./decoding.js";
import { jobStateNumbers, jobStateWords, taskStateNumbers, taskStateWords } from "./states.js";

export function encodeJobSummary(summary: JobSummary): wire.JobSummary {
  const taskCounts = new Map<number, number>();
  for (const state of taskStates) {
    const tasks = summary.taskCounts[state];
    if (tasks !== undefined) taskCounts.set(taskStateNumbers[state], tasks);
  }
  return {
    id: summary.id,
    name: summary.name,
    namespace: summary.namespace,
    principal: summary.principal,
    state: jobStateNumbers[summary.state],
    taskCounts,
    submittedAtMs: summary.submittedAtMs,
    startedAtMs: summary.startedAtMs ?? undefined,
    finishedAtMs: summary.finishedAtMs ?? undefined,
    finishP50AtMs: summary.finishP50AtMs ?? undefined,
    finishP90AtMs: summary.finishP90AtMs ?? undefined,
    revision: summary.revision,
    metadata: entriesOf(summary.metadata),
    pausedAtMs: summary.pausedAtMs,
    retries: summary.retries,
  };
}

export const readJobSummary = (scope: Scope, message: wire.JobSummary): JobSummary => ({
  id: jobId(identifier(scope, "id", message.id)),
  name: message.name,
  namespace: message.namespace,
  principal: message.principal,
  state: enumWord(scope, "state", message.state, jobStateWords, "running"),
  taskCounts: readTaskCounts(scope, message.taskCounts),
  submittedAtMs: integer(scope, "submittedAtMs", message.submittedAtMs),
  startedAtMs: integerOrNull(scope, "startedAtMs", message.startedAtMs),
  finishedAtMs: integerOrNull(scope, "finishedAtMs", message.finishedAtMs),
  finishP50AtMs: integerOrNull(scope, "finishP50AtMs", message.finishP50AtMs),
  finishP90AtMs: integerOrNull(scope, "finishP90AtMs", message.finishP90AtMs),
  revision: integer(scope, "revision", message.revision),
  metadata: textRecord(scope, "metadata", message.metadata),
  ...(message.pausedAtMs === undefined
    ? {}
    : { pausedAtMs: integer(scope, "pausedAtMs", message.pausedAtMs) }),
  ...(message.retries === undefined
    ? {}
    : {
        retries: {
          spent: integer(scope, "retries.spent", message.retries.spent),
          budget: integer(scope, "retries.budget", message.retries.budget),
        },
      }),
});

function readTaskCounts(
  scope: Scope,
  entries: ReadonlyMap<number, number>,
): JobSummary["taskCounts"] {
  const counts: Partial<Record<TaskStateName, number>> = {};
  for (const [number, tasks] of entries) {
    const state = enumWord(scope, "taskCounts", number, taskStateWords, "pending");
    counts[state] = integer(scope, `taskCounts.${state}`, tasks);
  }
  return counts;
}
