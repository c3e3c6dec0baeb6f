/** What would happen if a worker were drained: the same plan, rebuilt without it. */
import type { DrainFate, DrainForecast } from "../../core/views.js";
import { mayBeStopped } from "./drain.js";
import { type Forecast, forecast } from "./forecast.js";
import type { State, Task, WorkerRecord } from "./state.js";
import { jobSummary } from "./views.js";

export interface ImaginedDrain {
  readonly deadlineMs: number | null;
  readonly force: boolean;
}

/** Shifts of a predicted end by less than this are not worth a line. */
const shiftMinMs = 1_000;

export function forecastDrain(
  state: State,
  worker: WorkerRecord,
  { deadlineMs, force }: ImaginedDrain,
  nowMs: number,
): DrainForecast {
  const before = forecast(state, nowMs);
  const deadlineAtMs = deadlineMs === null ? null : nowMs + deadlineMs;
  const fates = new Map([...worker.live.values()].map((task) => [task, fateOf(task)]));
  function fateOf(task: Task): DrainFate {
    const endMs = before.get(task.id)?.endP50AtMs ?? Number.POSITIVE_INFINITY;
    if (deadlineAtMs === null || endMs <= deadlineAtMs) return "finishes";
    return mayBeStopped(task, force) ? "stopped" : "kept";
  }
  const stopped = new Map(
    [...fates].flatMap(([task, fate]) =>
      fate === "stopped" && deadlineAtMs !== null ? [[task, deadlineAtMs] as const] : [],
    ),
  );
  const drained = withDrain(state, worker, { deadlineAtMs, force }, nowMs);
  const after = forecast(drained, nowMs, { stopped });
  const waiting = [...before].filter(([id, { worker: on }]) => {
    return on === worker.id && state.tasks.get(id)?.status.kind !== "live";
  });
  const elsewhere = waiting.filter(([id]) => (after.get(id)?.worker ?? worker.id) !== worker.id);
  return {
    attempts: [...fates].map(([task, fate]) => ({
      taskId: task.id,
      fate,
      endBeforeMs: before.get(task.id)?.endP50AtMs ?? null,
      endAfterMs: after.get(task.id)?.endP50AtMs ?? null,
      nextWorker: fate === "stopped" ? (after.get(task.id)?.worker ?? "") : "",
    })),
    moved: elsewhere.length,
    unplaced: waiting.filter(([id]) => !after.has(id)).length,
    jobs: changedJobs(state, before, after),
  };
}

/** The state as it would be: nothing of it is changed. */
function withDrain(
  state: State,
  worker: WorkerRecord,
  { deadlineAtMs, force }: { readonly deadlineAtMs: number | null; readonly force: boolean },
  nowMs: number,
): State {
  const stage = deadlineAtMs === null || deadlineAtMs <= nowMs ? "closed" : "finishing";
  const drain = { beganAtMs: nowMs, deadlineAtMs, force, thenStop: false, stage } as const;
  const workers = new Map(state.workers).set(worker.id, { ...worker, drain });
  const entries = new Map(
    [...state.plan.entries].filter(([, entry]) => entry.worker !== worker.id),
  );
  return { ...state, workers, plan: { ...state.plan, entries } };
}

function changedJobs(state: State, before: Forecast, after: Forecast): DrainForecast["jobs"] {
  return [...state.index.openJobs].flatMap((job) => {
    const finishBeforeMs = jobSummary(state, job, before).finishP50AtMs;
    const finishAfterMs = jobSummary(state, job, after).finishP50AtMs;
    const shiftMs = Math.abs((finishAfterMs ?? 0) - (finishBeforeMs ?? 0));
    if (shiftMs < shiftMinMs) return [];
    return [{ jobId: job.id, name: job.spec.name, finishBeforeMs, finishAfterMs }];
  });
}
