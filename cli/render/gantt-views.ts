/** Charts made of what the master tells: a job (planned and actual) or the plan of the cluster. */
import { nameOfTask, type WorkerId } from "../../core/ids.js";
import type { AttemptView, JobView, PlanView, TaskView } from "../../core/views.js";
import type { Bar, BarState, Gantt, GanttLane } from "./gantt-model.js";

interface OpenLane {
  readonly planned: Bar[];
  readonly actual: Bar[];
}

/** What was foreseen when the job was first planned whole, against what its attempts did. */
export function ganttOfJob(job: JobView, nowMs: number): Gantt {
  const lanes = new Map<WorkerId, OpenLane>();
  const templates = new Map(job.tasks.map(({ name, template }) => [name, template]));
  for (const task of job.initialPlan?.tasks ?? []) {
    laneOf(lanes, task.worker).planned.push({
      label: task.name,
      group: templates.get(task.name) ?? task.name,
      startAtMs: task.startAtMs,
      endAtMs: task.endAtMs,
      state: "planned",
    });
  }
  for (const task of job.tasks) {
    for (const attempt of task.attempts) {
      laneOf(lanes, attempt.worker).actual.push(barOfAttempt(task, attempt));
    }
  }
  const span = spanOf(lanes, nowMs);
  const plannedBars = [...lanes.values()].flatMap(({ planned }) => planned);
  const origin = plannedBars.length > 0 ? (job.initialPlan?.adoptedAtMs ?? null) : null;
  const fromMs = Math.min(span.fromMs, origin ?? span.fromMs);
  const { finishedAtMs } = job.summary;
  const actualMs = span.actualEndMs === null ? null : (finishedAtMs ?? nowMs) - fromMs;
  return {
    lanes: sortedLanes(lanes),
    fromMs,
    toMs: span.toMs,
    summary: {
      plannedMs: job.initialPlan?.makespanMs ?? null,
      actualMs,
      finished: finishedAtMs !== null,
      boundMs: job.initialPlan?.boundMs ?? null,
      solver: job.initialPlan?.solver ?? null,
    },
  };
}

/** What the cluster is going to do, as planned now. */
export function ganttOfPlan(plan: PlanView, nowMs: number): Gantt {
  const lanes = new Map<WorkerId, OpenLane>();
  for (const { taskId, state, reservation } of plan.entries) {
    const label = nameOfTask(taskId);
    const running = state === "running" || state === "launching";
    const bar: Bar = {
      label,
      group: label.replace(/\[.*$/, ""),
      startAtMs: reservation.startP50AtMs,
      endAtMs: reservation.endP50AtMs,
      state: running ? "running" : state === "unknown" ? "unknown" : "planned",
    };
    laneOf(lanes, reservation.worker).planned.push(bar);
  }
  const { fromMs, toMs } = spanOf(lanes, nowMs);
  return { lanes: sortedLanes(lanes), fromMs, toMs, summary: null };
}

function barOfAttempt(task: TaskView, attempt: AttemptView): Bar {
  return {
    label: attempt.number === 1 ? task.name : `${task.name}#${attempt.number}`,
    group: task.template,
    startAtMs: attempt.startedAtMs ?? attempt.launchedAtMs,
    endAtMs: attempt.endedAtMs,
    state: barStateOf(attempt),
  };
}

function barStateOf({ state, outcome }: AttemptView): BarState {
  if (state === "unknown") return "unknown";
  if (state !== "ended") return "running";
  switch (outcome?.kind) {
    case "exited":
      return outcome.exitCode === 0 ? "succeeded" : "failed";
    case "timed_out":
    case "out_of_memory":
    case "not_started":
      return "failed";
    default:
      return "killed";
  }
}

function laneOf(lanes: Map<WorkerId, OpenLane>, worker: WorkerId): OpenLane {
  let lane = lanes.get(worker);
  if (lane === undefined) {
    lane = { planned: [], actual: [] };
    lanes.set(worker, lane);
  }
  return lane;
}

function sortedLanes(lanes: ReadonlyMap<WorkerId, OpenLane>): GanttLane[] {
  return [...lanes]
    .map(([worker, lane]) => ({ worker, ...lane }))
    .sort((a, b) => a.worker.localeCompare(b.worker, "en", { numeric: true }));
}

function spanOf(
  lanes: ReadonlyMap<WorkerId, OpenLane>,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number; readonly actualEndMs: number | null } {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  let actualEndMs: number | null = null;
  for (const { planned, actual } of lanes.values()) {
    for (const bar of [...planned, ...actual]) {
      const endMs = Math.max(bar.startAtMs, bar.endAtMs ?? nowMs);
      fromMs = Math.min(fromMs, bar.startAtMs);
      toMs = Math.max(toMs, endMs);
      if (bar.state !== "planned") actualEndMs = Math.max(actualEndMs ?? endMs, endMs);
    }
  }
  if (toMs < fromMs) return { fromMs: nowMs, toMs: nowMs + 1, actualEndMs };
  return { fromMs, toMs, actualEndMs };
}
