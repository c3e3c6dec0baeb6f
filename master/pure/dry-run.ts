/** What would happen if a job were submitted: the same checks, the same placement, no record. */

import { lowerBound } from "../../core/bounds.js";
import type { JobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { ok, type Result } from "../../core/result.js";
import type { Estimate, InitialPlan, SubmitReceipt } from "../../core/views.js";
import type { ArchivedEnds } from "./commands.js";
import { pessimistic, reservations } from "./forecast.js";
import { buildJob } from "./job-graph.js";
import { greedyName } from "./place.js";
import { placeAtOnce } from "./place-at-once.js";
import { type BuiltProblem, buildProblem } from "./problem.js";
import { holdsBack } from "./readiness.js";
import { finishesOf, type Rolling, rollPlan } from "./roll-out.js";
import type { Job, State } from "./state.js";
import { checkSubmission } from "./submit.js";
import { jobView } from "./views.js";
import { wayNamed } from "./ways.js";

export interface Trial {
  readonly id: JobId;
  readonly spec: JobSpec;
  readonly principal: string;
  readonly archived: ArchivedEnds;
  /** What the predictor foresees of the job's ways, by their keys. Absent: it says nothing. */
  readonly revised?: Readonly<Record<string, Estimate>>;
}

export interface DryRun {
  /** To be played to its end before `receipt` is asked for. */
  readonly rolling: Rolling;
  readonly receipt: () => SubmitReceipt;
}

export function dryRun(
  state: State,
  { id, spec, principal, archived, revised = {} }: Trial,
  nowMs: number,
): Result<DryRun> {
  const checked = checkSubmission(state, spec, archived);
  if (!checked.ok) return checked;
  const job = buildJob(id, spec, principal, nowMs);
  job.revised = { ...revised };
  for (const task of job.tasks) task.held = holdsBack(state, task, nowMs);
  const built = buildProblem(state, nowMs, "keep", { jobs: [job] });
  const plan = placeAtOnce(built.problem);
  const foreseen = reservations(built, plan, pessimistic(state, built, plan));
  job.initialPlan = foreseenPlan(job, built, foreseen);
  const rolling = rollPlan(state, built, plan, { imagined: job });
  const receipt = (): SubmitReceipt => {
    const forecast = jobView(state, job, foreseen, true, finishesOf(rolling));
    return { jobId: id, duplicate: false, warnings: checked.value, forecast };
  };
  return ok({ rolling, receipt });
}

/** null where some task of the job could not be placed. */
function foreseenPlan(
  job: Job,
  { problem, tasks: rows }: BuiltProblem,
  foreseen: ReturnType<typeof reservations>,
): InitialPlan | null {
  if (rows.every((task) => task.job !== job)) return null;
  const tasks = job.tasks.flatMap((task) => {
    const reservation = foreseen.get(task.id);
    if (reservation === undefined) return [];
    const { worker, startP50AtMs: startAtMs, endP50AtMs: endAtMs } = reservation;
    const { named } = wayNamed(task, reservation.mode);
    return [{ name: task.entry.name, worker, ...named, startAtMs, endAtMs }];
  });
  const conditional = job.conditional.reduce((sum, flag) => sum + flag, 0);
  if (tasks.length < job.tasks.length - conditional) return null;
  const endAtMs = tasks.reduce((end, task) => Math.max(end, task.endAtMs), problem.originMs);
  return {
    adoptedAtMs: problem.originMs,
    makespanMs: endAtMs - problem.originMs,
    boundMs: lowerBound(problem).makespanTicks * problem.tickMs,
    solver: greedyName,
    tasks,
  };
}
