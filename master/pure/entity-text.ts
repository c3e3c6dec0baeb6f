/**
 * Canonical texts of entities, for the state's hash: all that events can change, and no more. What
 * came with later versions stands at the end and only where something has made use of it, so that
 * older journals keep their hashes.
 */
import type { Attempt, Job, ModelInUse, PlanState, Task, WorkerRecord } from "./state.js";

export const taskText = (task: Task): string =>
  JSON.stringify([
    task.status,
    task.blockers,
    task.held,
    task.cancelRequested,
    task.readyAtMs,
    task.attemptsBefore,
    task.attempts.map(attemptOf),
    ...(task.remedy === null && !task.paused ? [] : [task.remedy, task.paused]),
  ]);

/** Without the numbers of its events, which follow from the journal alone. */
function attemptOf({ launchedSequence: _launched, endedSequence: _ended, ...rest }: Attempt) {
  return rest;
}

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
    ...(job.promise === null ? [] : [job.promise]),
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

/** Apart from its job's text, so that what many revisions change is small. */
export const revisedText = ({ revised }: Job): string | null =>
  revised === null ? null : JSON.stringify(Object.entries(revised).sort(byKey));

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;

export const modelText = (model: ModelInUse): string | null =>
  model.sequence === 0 ? null : JSON.stringify(model);
