/**
 * Canonical texts of entities, for the state's hash: all that events can change, and no more. What
 * came with later versions stands at the end and only where something has made use of it, so that
 * older journals keep their hashes.
 */
import type { Job, PlanState, Task, WorkerRecord } from "./state.js";

export const taskText = (task: Task): string =>
  JSON.stringify([
    task.status,
    task.blockers,
    task.held,
    task.cancelRequested,
    task.readyAtMs,
    task.attemptsBefore,
    task.attempts,
    ...(task.remedy === null && !task.paused ? [] : [task.remedy, task.paused]),
  ]);

export const jobText = (job: Job): string =>
  JSON.stringify([
    job.principal,
    job.submittedAtMs,
    job.timeoutFromMs,
    job.revision,
    job.open,
    job.state,
    job.ending,
    job.startedAtMs,
    job.finishedAtMs,
    job.progressed,
    job.initialPlan,
    ...(job.retriesSpent === 0 && job.pausedAtMs === null
      ? []
      : [job.retriesSpent, job.pausedAtMs]),
  ]);

export const workerText = (worker: WorkerRecord): string =>
  JSON.stringify([
    worker.incarnation,
    worker.facts,
    worker.state,
    worker.sinceMs,
    [...worker.live.keys()],
    worker.used,
    worker.cordonedAtMs,
    worker.drain,
    worker.maintenance,
    ...(worker.blames.length === 0 && worker.lastQuarantine === null && worker.quarantine === null
      ? []
      : [worker.blames, worker.quarantine, worker.lastQuarantine]),
    ...(worker.speed.residuals.length === 0 && worker.speed.correction === 0 ? [] : [worker.speed]),
  ]);

export const planText = (plan: PlanState): string =>
  JSON.stringify([plan.version, plan.solver, plan.adoptedAtMs, plan.value, [...plan.entries]]);
