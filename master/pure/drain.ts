/**
 * An operator takes a worker out of use: a cordon keeps new work away, a drain also empties it. The
 * state says how far it has come (docs/architecture.md), so it outlives restarts of either side.
 */
import type { WorkerId } from "../../core/ids.js";
import type { AlmanacError } from "../../core/result.js";
import { fail } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Event } from "./events.js";
import type { Attempt, State, Task, WorkerRecord } from "./state.js";
import { liveAttempt } from "./state.js";

export function* cordon(state: State, id: WorkerId): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  if (worker.cordonedAtMs === null) yield { type: "WorkerCordoned", worker: id };
  return noReply;
}

export function* uncordon(state: State, id: WorkerId): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  if (worker.cordonedAtMs !== null) yield { type: "WorkerUncordoned", worker: id };
  return noReply;
}

/** Begins a drain, or changes the deadline of one that goes on. */
export function* drain(
  state: State,
  { worker: id, deadlineMs, force, thenStop }: Extract<Command, { type: "Drain" }>,
  nowMs: number,
): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  const deadlineAtMs = deadlineMs === null ? null : nowMs + deadlineMs;
  yield { type: "DrainBegan", worker: id, deadlineAtMs, force, thenStop };
  yield* goOnDraining(worker, nowMs);
  return noReply;
}

export function* undrain(state: State, id: WorkerId): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  if (worker.drain !== null) yield { type: "DrainEnded", worker: id };
  return noReply;
}

export const noWorker = (id: WorkerId): { ok: false; error: AlmanacError } =>
  fail("not_found", `no worker ${id}`);

/** What time does to a drain: its deadline passes, and it is complete when nothing is left. */
export function* goOnDraining(worker: WorkerRecord, nowMs: number): Generator<Event, void, void> {
  if (worker.drain === null) return;
  const { stage, deadlineAtMs, force } = worker.drain;
  if (stage === "finishing" && deadlineAtMs !== null && deadlineAtMs <= nowMs) {
    yield { type: "DrainDeadlinePassed", worker: worker.id };
    for (const task of [...worker.live.values()]) {
      const attempt = liveAttempt(task);
      if (attempt === null || isAskedToStop(attempt) || !mayBeStopped(task, force)) continue;
      yield { type: "AttemptStopRequested", attempt: attempt.id, reason: "drained" };
    }
  }
  if (isEmptied(worker)) yield { type: "DrainCompleted", worker: worker.id };
}

/** When a drain goes on by itself; null: when something ends. */
export function drainTimer(worker: WorkerRecord): number | null {
  if (worker.drain === null) return null;
  if (isEmptied(worker)) return 0;
  return worker.drain.stage === "finishing" ? worker.drain.deadlineAtMs : null;
}

const isEmptied = ({ drain: current, live }: WorkerRecord): boolean =>
  current?.stage === "closed" && live.size === 0;

const isAskedToStop = ({ status }: Attempt): boolean =>
  status.kind === "stopping" || (status.kind === "unknown" && status.stopReason !== null);

/**
 * A task that may run twice, or that says it is to be stopped when its worker is gone, may be
 * stopped and begun anew. One that says `keep` runs to its end, unless the operator insists.
 */
export const mayBeStopped = ({ template }: Task, force: boolean): boolean =>
  force || template.idempotent || template.onLost.kind === "stop";
