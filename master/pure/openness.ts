/**
 * Whether, and until when, a worker may take new work: cordons, drains, quarantines and maintenance
 * windows in one place, shared by planning and dispatch so that they never disagree.
 */
import type { MaintenanceWindow } from "../../core/worker.js";
import type { WorkerRecord } from "./state.js";

/**
 * `finishing`: being drained, takes what will be done by its deadline. `closed`: takes nothing;
 * what runs goes on. Neither says whether it is there.
 */
export type Openness = "open" | "finishing" | "closed";

type Closable = Pick<WorkerRecord, "cordonedAtMs" | "drain" | "maintenance" | "quarantine">;

export function openness({ cordonedAtMs, drain, quarantine }: Closable): Openness {
  if (cordonedAtMs !== null || quarantine !== null) return "closed";
  if (drain === null) return "open";
  return drain.stage === "finishing" ? "finishing" : "closed";
}

/** A time in which nothing new may run; without an end where a drain's deadline begins it. */
export interface ClosedSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Spans that begin before `untilMs` and have not ended at `nowMs`, not in order. */
export function* closedSpans(
  { drain, maintenance }: Closable,
  nowMs: number,
  untilMs: number,
): Generator<ClosedSpan, void, void> {
  if (drain?.stage === "finishing" && drain.deadlineAtMs !== null) {
    const fromMs = drain.deadlineAtMs;
    if (fromMs < untilMs) yield { fromMs, toMs: Number.POSITIVE_INFINITY };
  }
  for (const window of maintenance) yield* occurrences(window, nowMs, untilMs);
}

/** Of a window that comes again, this many occurrences ahead are planned around. */
const occurrencesMax = 100;

function* occurrences(
  window: MaintenanceWindow,
  nowMs: number,
  untilMs: number,
): Generator<ClosedSpan, void, void> {
  const { fromMs, toMs, everyMs } = window;
  const past = everyMs === null ? 0 : Math.max(0, Math.floor((nowMs - toMs) / everyMs) + 1);
  const count = everyMs === null ? 1 : occurrencesMax;
  for (let index = past; index < past + count; index++) {
    const shiftMs = index * (everyMs ?? 0);
    if (fromMs + shiftMs >= untilMs) return;
    if (toMs + shiftMs > nowMs) yield { fromMs: fromMs + shiftMs, toMs: toMs + shiftMs };
  }
}

/** Whether some occurrence of the window meets the interval. */
export function overlaps(window: MaintenanceWindow, startAtMs: number, endAtMs: number): boolean {
  return occurrences(window, startAtMs, endAtMs).next().done !== true;
}

/** Until when what is started now may run; `nowMs` where nothing may be started. */
export function freeUntilMs(worker: Closable, nowMs: number): number {
  if (openness(worker) === "closed") return nowMs;
  let untilMs = worker.drain?.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  for (const window of worker.maintenance) {
    const next = occurrences(window, nowMs, Number.POSITIVE_INFINITY).next();
    if (next.done !== true) untilMs = Math.min(untilMs, next.value.fromMs);
  }
  return Math.max(nowMs, untilMs);
}
