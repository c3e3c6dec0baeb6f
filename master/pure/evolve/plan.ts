/** The adoption of a plan, and what it foresees for jobs that have just begun. */
import type { PlannedTask } from "../../../core/views.js";
import type { PlannedEntry } from "../events.js";
import type { Job, PlanEntry, State } from "../state.js";
import { type Of, taskOf, touchJob, touchPlan } from "./entities.js";

export function planAdopted(state: State, event: Of<"PlanAdopted">, atMs: number): void {
  const { plan } = state;
  plan.version = event.version;
  plan.solver = event.solver;
  plan.adoptedAtMs = atMs;
  plan.value = event.value;
  plan.bound = event.bound;
  plan.parts = event.parts;
  plan.makespanMs = event.makespanMs;
  plan.makespanBoundMs = event.makespanBoundMs;
  for (const task of event.removed) plan.entries.delete(task);
  const jobs = new Set<Job>();
  for (const entry of event.entries) {
    plan.entries.set(entry.task, planEntry(entry));
    jobs.add(taskOf(state, entry.task).job);
  }
  for (const job of jobs) rememberInitialPlan(state, job, event, atMs);
  state.index.queues = null;
  touchPlan(state);
}

const planEntry = ({ task: _, ...entry }: PlannedEntry): PlanEntry => entry;

/**
 * What was foreseen for a job at the start: the last plan over the whole job that was adopted
 * before any of its attempts had ended.
 */
function rememberInitialPlan(state: State, job: Job, event: Of<"PlanAdopted">, atMs: number): void {
  if (job.progressed || job.finishedAtMs !== null) return;
  const known = new Map(job.initialPlan?.tasks.map((task) => [task.name, task]));
  const tasks: PlannedTask[] = [];
  for (const task of job.tasks) {
    const entry = state.plan.entries.get(task.id);
    // A launched attempt keeps the reservation it was launched under.
    const before = task.attempts.length > 0 ? known.get(task.entry.name) : undefined;
    const planned = entry === undefined ? before : { name: task.entry.name, ...entry };
    if (planned === undefined && job.conditional[task.index] === 1) continue;
    if (planned === undefined) return;
    tasks.push(planned);
  }
  const endAtMs = tasks.reduce((end, task) => Math.max(end, task.endAtMs), atMs);
  job.initialPlan = {
    adoptedAtMs: atMs,
    makespanMs: endAtMs - job.submittedAtMs,
    boundMs: event.makespanBoundMs + (atMs - job.submittedAtMs),
    solver: event.solver,
    tasks,
  };
  touchJob(state, job);
}
