/**
 * A job arrives: refused as a whole with every reason found, or recorded. The same idempotency key
 * returns the same job.
 */
import type { JobSpec, TaskTemplate } from "../../core/job.js";
import type { Violation } from "../../core/result.js";
import { fail, ok } from "../../core/result.js";
import { validateJob } from "../../core/validate-job.js";
import type { ArchivedEnds, Command, Decision } from "./commands.js";
import { canRun, explainUnfit } from "./eligibility.js";
import { settleHeld } from "./endings.js";
import { expectationWarnings } from "./expectations.js";
import { violatedAfter } from "./readiness.js";
import { missingSecrets } from "./secrets.js";
import type { State } from "./state.js";
import { isEnded, jobKey } from "./state.js";

export const openTasksMax = 1_000_000;

export function* submit(state: State, command: Extract<Command, { type: "Submit" }>): Decision {
  const { spec, idempotencyKey, jobId, archived = {} } = command;
  const known = state.idempotency.get(jobKey(spec.namespace, idempotencyKey));
  if (idempotencyKey !== "" && known !== undefined) {
    return ok({ kind: "submit", submit: { jobId: known, duplicate: true, warnings: [] } });
  }
  const checked = checkSubmission(state, spec, archived);
  if (!checked.ok) return checked;
  const afterEnded = endsInArchive(state, spec, archived);
  yield { type: "JobSubmitted", job: jobId, spec, idempotencyKey, ...afterEnded };
  const job = state.jobs.get(jobId);
  const first = job?.tasks[0];
  // What a job comes after may have ended in another way long before.
  const isVain = first !== undefined && violatedAfter(state, first) !== null;
  for (const task of job?.tasks ?? []) {
    if ((task.held || isVain) && !isEnded(task)) yield* settleHeld(state, task, state.atMs);
  }
  return ok({ kind: "submit", submit: { jobId, duplicate: false, warnings: checked.value } });
}

export const fullQueue = () =>
  fail("limit_exceeded", "the queue is full", [
    { field: "tasks", message: "tasks known to the master", limit: openTasksMax },
  ]);

/** Everything that could be wrong with a job in this cluster; its warnings where nothing is. */
export function checkSubmission(
  state: State,
  spec: JobSpec,
  archived: ArchivedEnds = {},
): ReturnType<typeof fail> | { ok: true; value: Violation[] } {
  const violations = validateJob(spec);
  if (violations.length > 0) {
    return fail("invalid_argument", `job ${spec.name} is not valid`, violations);
  }
  const unknownJobs = spec.after.flatMap(({ jobId }, index) =>
    state.jobs.has(jobId as never) || archived[jobId] !== undefined
      ? []
      : [{ field: `after[${index}]`, message: `no job ${jobId} is known` }],
  );
  if (unknownJobs.length > 0) {
    return fail("not_found", "a job to come after does not exist", unknownJobs);
  }
  const missing = missingSecrets(state, spec);
  if (missing.length > 0) {
    return fail("not_found", "a secret that a task is to be given does not exist", missing);
  }
  if (state.tasks.size + spec.tasks.length > openTasksMax) {
    return fullQueue();
  }
  const unknownPools = spec.templates.flatMap((template) => poolViolations(state, template));
  if (unknownPools.length > 0) {
    return fail("unplaceable", "a pool cannot give what a task asks", unknownPools);
  }
  const unfit = spec.templates.flatMap((template) => unplaceable(state, template));
  if (state.settings.complete && unfit.length > 0) {
    return fail("unplaceable", "the cluster is complete and no worker could run this", unfit);
  }
  return ok([...unfit, ...expectationWarnings(state, spec)]);
}

/** Of the jobs that it comes after, those that memory knows no more; nothing if there are none. */
function endsInArchive(
  state: State,
  spec: JobSpec,
  archived: ArchivedEnds,
): { readonly afterEnded?: ArchivedEnds } {
  const ends = spec.after.flatMap(({ jobId }) => {
    const end = archived[jobId];
    return end === undefined || state.jobs.has(jobId as never) ? [] : [[jobId, end] as const];
  });
  return ends.length === 0 ? {} : { afterEnded: Object.fromEntries(ends) };
}

function poolViolations(state: State, template: TaskTemplate): Violation[] {
  const { modes, retry } = template;
  const at = `tasks.${template.name}`;
  const fallback = violationsOf(state, retry.fallback?.way.pools ?? {}, `${at}.fallback.pools`);
  if (modes === undefined) {
    return [...violationsOf(state, template.pools, `${at}.pools`), ...fallback];
  }
  const own = modes.flatMap(({ name, pools }) =>
    violationsOf(state, pools, `${at}.modes.${name}.pools`),
  );
  return [...own, ...fallback];
}

function violationsOf(state: State, pools: TaskTemplate["pools"], at: string): Violation[] {
  return Object.entries(pools).flatMap(([name, amount]) => {
    const pool = state.settings.pools.find((candidate) => candidate.name === name);
    const field = `${at}.${name}`;
    if (pool === undefined) return [{ field, message: `the cluster has no pool ${name}` }];
    if (amount <= pool.capacity) return [];
    return [{ field, message: `more than the whole pool`, limit: pool.capacity }];
  });
}

/** A warning if no worker, present or configured, could ever run the template. */
function unplaceable(state: State, template: TaskTemplate): Violation[] {
  const present = [...state.workers.values()].map((worker) => worker.facts);
  const all = [...present, ...state.settings.expectedWorkers];
  if (all.some((facts) => canRun(facts, template))) return [];
  return [
    {
      field: `tasks.${template.name}.${template.modes === undefined ? "resources" : "modes"}`,
      message: `no worker present or configured could run it: ${explainUnfit(all, template)}`,
    },
  ];
}
