/** Maintenance windows: known in advance, planned around, over by themselves. */
import { fail } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { noWorker } from "./drain.js";
import type { Event } from "./events.js";
import type { State, WorkerRecord } from "./state.js";

export const windowsMax = 100;
const lengthMaxMs = 90 * 86_400_000;

export function* scheduleMaintenance(
  state: State,
  { worker: id, window }: Extract<Command, { type: "ScheduleMaintenance" }>,
  nowMs: number,
): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  const wrong = (field: string, message: string) =>
    fail("invalid_argument", `the window ${message}`, [{ field, message }]);
  const { fromMs, toMs, everyMs } = window;
  const lengthMs = toMs - fromMs;
  if (!(lengthMs > 0)) return wrong("duration", "must last for some time");
  if (lengthMs > lengthMaxMs) return wrong("duration", "must last for 90 days at most");
  if (everyMs === null && toMs <= nowMs) return wrong("from", "lies in the past");
  if (everyMs !== null && everyMs <= lengthMs) {
    return wrong("every", "must be over before it comes again");
  }
  if (worker.maintenance.length >= windowsMax) {
    return fail("limit_exceeded", `worker ${id} has ${windowsMax} windows already`, [
      { field: "worker", message: "maintenance windows of one worker", limit: windowsMax },
    ]);
  }
  // The sequence of the event makes an id that no other window of the cluster has had.
  const named = { id: `m${state.seq + 1}`, ...window };
  yield { type: "MaintenanceScheduled", worker: id, window: named };
  return noReply;
}

export function* removeMaintenance(
  state: State,
  { worker: id, window }: Extract<Command, { type: "RemoveMaintenance" }>,
): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  if (!worker.maintenance.some((known) => known.id === window)) {
    return fail("not_found", `worker ${id} has no maintenance window ${window}`);
  }
  yield { type: "MaintenanceRemoved", worker: id, window };
  return noReply;
}

export function* endMaintenance(worker: WorkerRecord, nowMs: number): Generator<Event, void, void> {
  for (const { id, toMs, everyMs } of worker.maintenance) {
    if (everyMs !== null || toMs > nowMs) continue;
    yield { type: "MaintenanceRemoved", worker: worker.id, window: id };
  }
}

/** When the first window is over that comes once; infinite if there is none. */
export const maintenanceTimer = ({ maintenance }: WorkerRecord): number =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...maintenance.filter(({ everyMs }) => everyMs === null).map(({ toMs }) => toMs),
  );
