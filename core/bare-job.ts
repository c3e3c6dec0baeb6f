/** Jobs that programs make, where nothing is asked for but the tasks themselves. */
import type { JobSpec, TaskEntry } from "./job.js";

/** Without limits, deadlines, objective and metadata, and after no other job. */
export const bareJob = (
  tasks: Pick<JobSpec, "name" | "namespace" | "templates" | "tasks" | "edges">,
): JobSpec => ({
  ...tasks,
  after: [],
  timeoutMs: null,
  deadlineAtMs: null,
  objective: null,
  metadata: {},
});

/** A task as its template says. */
export const bareEntry = (
  name: string,
  template: number,
  env: TaskEntry["env"] = {},
): TaskEntry => ({ name, template, env, estimate: null, inputBytes: null });
