/** Events by which operators close workers to new work, and open them again. */
import type { DrainStage } from "../../../core/worker.js";
import { overlaps } from "../openness.js";
import type { PlanEntry, State, WorkerRecord } from "../state.js";
import { type Of, touchPlan, touchWorker, workerOf } from "./entities.js";

export function workerQuarantined(
  state: State,
  { worker: id, untilMs, level, message }: Of<"WorkerQuarantined">,
  atMs: number,
): void {
  const worker = workerOf(state, id);
  worker.quarantine = { sinceMs: atMs, untilMs, level, message };
  worker.blames = [];
  dropEntries(state, worker, () => true);
  changed(state, worker);
}

export function quarantineLifted(state: State, id: WorkerRecord["id"], atMs: number): void {
  const worker = workerOf(state, id);
  const level = worker.quarantine?.level ?? 0;
  worker.lastQuarantine = { level, endedAtMs: atMs };
  worker.quarantine = null;
  worker.blames = [];
  changed(state, worker);
}

export function workerCordoned(state: State, id: WorkerRecord["id"], atMs: number): void {
  const worker = workerOf(state, id);
  worker.cordonedAtMs = atMs;
  dropEntries(state, worker, () => true);
  changed(state, worker);
}

export function workerUncordoned(state: State, id: WorkerRecord["id"]): void {
  const worker = workerOf(state, id);
  worker.cordonedAtMs = null;
  changed(state, worker);
}

export function drainBegan(state: State, event: Of<"DrainBegan">, atMs: number): void {
  const worker = workerOf(state, event.worker);
  const { deadlineAtMs, force, thenStop = false } = event;
  const stage = deadlineAtMs === null ? "closed" : "finishing";
  worker.drain = { beganAtMs: atMs, deadlineAtMs, force, thenStop, stage };
  // What will be done by the deadline may be planned here again.
  dropEntries(state, worker, () => true);
  changed(state, worker);
}

export function drainStage(state: State, id: WorkerRecord["id"], stage: DrainStage): void {
  const worker = workerOf(state, id);
  if (worker.drain !== null) worker.drain = { ...worker.drain, stage };
  dropEntries(state, worker, () => true);
  changed(state, worker);
}

export function drainEnded(state: State, id: WorkerRecord["id"]): void {
  const worker = workerOf(state, id);
  worker.drain = null;
  changed(state, worker);
}

export function maintenanceScheduled(state: State, event: Of<"MaintenanceScheduled">): void {
  const worker = workerOf(state, event.worker);
  const { window } = event;
  worker.maintenance = [...worker.maintenance, window];
  dropEntries(state, worker, ({ startAtMs, endAtMs }) => overlaps(window, startAtMs, endAtMs));
  changed(state, worker);
}

export function maintenanceRemoved(state: State, event: Of<"MaintenanceRemoved">): void {
  const worker = workerOf(state, event.worker);
  worker.maintenance = worker.maintenance.filter(({ id }) => id !== event.window);
  changed(state, worker);
}

/** Reservations that no longer hold, also of what runs: should it run again, it is placed anew. */
function dropEntries(state: State, { id }: WorkerRecord, drop: (e: PlanEntry) => boolean): void {
  let dropped = false;
  for (const [task, entry] of state.plan.entries) {
    if (entry.worker !== id) continue;
    if (drop(entry)) dropped = state.plan.entries.delete(task);
  }
  if (!dropped) return;
  state.index.queues = null;
  touchPlan(state);
}

function changed(state: State, worker: WorkerRecord): void {
  state.facts++;
  touchWorker(state, worker);
}
