/** Which content the state names, for whom, and how much of it will travel. */
import type { DataFile, LaunchData } from "../../core/data.js";
import { type FlowSource, resolveInputs } from "../../core/data-flow.js";
import type { AttemptId, WorkerId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { sourceOf } from "./data-source.js";
import { predecessors } from "./problem-tasks.js";
import type { Job, State, Task } from "./state.js";

export { lastSuccess } from "./data-source.js";

export function launchData(task: Task): LaunchData | null {
  const { data } = task.template;
  if (data === undefined) return null;
  const sources: FlowSource[] = [];
  for (const [from] of predecessors(task)) sources.push(sourceOf(from));
  return { ...resolveInputs(task, sources), outputs: data.outputs };
}

/** A worker reads what an attempt that is live on it takes in, and nothing else. */
export function mayFetch(state: State, worker: WorkerId, sha256: string): boolean {
  for (const task of state.workers.get(worker)?.live.values() ?? []) {
    if (launchData(task)?.inputs.some((input) => input.sha256 === sha256) === true) return true;
  }
  return false;
}

/** A worker writes what an attempt that is live on it may leave: within that task's limits. */
export function mayPut(
  state: State,
  worker: WorkerId,
  attempt: AttemptId,
  sizeBytes: number,
): boolean {
  const data = state.workers.get(worker)?.live.get(attempt)?.template.data;
  return data?.outputs.some(({ maxBytes }) => sizeBytes <= maxBytes) === true;
}

/** Content that a job was submitted with. */
export function* jobInputs(spec: JobSpec): Generator<DataFile, void, undefined> {
  for (const { data } of spec.templates) {
    for (const input of data?.inputs ?? []) if (input.kind === "file") yield input.file;
  }
}

/** Content that a job was submitted with, or has left; some of it more than once. */
export function* jobContent(job: Job): Generator<string, void, undefined> {
  for (const { sha256 } of jobInputs(job.spec)) yield sha256;
  for (const task of job.tasks) {
    for (const { status } of task.attempts) {
      if (status.kind !== "ended") continue;
      for (const { sha256 } of status.outputs ?? []) yield sha256;
    }
  }
}

/** All content that a job in memory was submitted with, or has left. */
export function namedContent(state: State): ReadonlySet<string> {
  const named = new Set<string>();
  for (const job of state.jobs.values()) {
    for (const sha256 of jobContent(job)) named.add(sha256);
  }
  return named;
}
