/** Events of workers. */
import { sameIncarnation } from "../../../core/ids.js";
import { noResources } from "../../../core/resources.js";
import { emptySpeed, settle } from "../../../core/worker-speed.js";
import { othersOf } from "../speed.js";
import type { State, WorkerRecord } from "../state.js";
import { type Of, touchPlan, touchWorker, workerOf } from "./entities.js";
import { takeFacts } from "./speed.js";

export function workerRegistered(state: State, event: Of<"WorkerRegistered">, atMs: number): void {
  const { incarnation, facts } = event;
  const known = state.workers.get(incarnation.worker);
  if (known === undefined) {
    const worker: WorkerRecord = {
      id: incarnation.worker,
      incarnation,
      facts,
      state: "connected",
      sinceMs: atMs,
      live: new Map(),
      used: noResources,
      cordonedAtMs: null,
      drain: null,
      maintenance: [],
      blames: [],
      quarantine: null,
      lastQuarantine: null,
      speed: emptySpeed(),
    };
    state.workers.set(incarnation.worker, worker);
    settle(worker.speed, othersOf(state, worker));
  } else {
    // The one that was to leave has left: who starts it again wants it to stay.
    if (known.drain?.stage === "completed" && !sameIncarnation(known.incarnation, incarnation)) {
      known.drain = { ...known.drain, thenStop: false };
    }
    known.incarnation = incarnation;
    takeFacts(state, known, facts);
  }
  workerState(state, incarnation.worker, "connected", atMs);
  state.facts++;
}

export function workerState(
  state: State,
  id: WorkerRecord["id"],
  to: WorkerRecord["state"],
  atMs: number,
): void {
  const worker = workerOf(state, id);
  worker.state = to;
  worker.sinceMs = atMs;
  touchWorker(state, worker);
}

export function workerLost(state: State, event: Of<"WorkerLost">, atMs: number): void {
  workerState(state, event.worker, "lost", atMs);
  for (const [task, entry] of state.plan.entries) {
    if (entry.worker === event.worker) state.plan.entries.delete(task);
  }
  state.index.queues = null;
  state.facts++;
  touchPlan(state);
}
