/**
 * A worker on which different tasks keep failing gets nothing new for a while. What counts is blamed
 * in evolve/blames.ts; here is decided what follows. Never more than half of the workers that are
 * there, and never the last that is open: a cluster that fails everywhere has another illness.
 */
import { hasSucceeded } from "../../core/estimate.js";
import type { WorkerId } from "../../core/ids.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { noWorker } from "./drain.js";
import type { Event } from "./events.js";
import { openness } from "./openness.js";
import type { Blame, State, WorkerRecord } from "./state.js";

/** Failures of different tasks, less what has succeeded since, within this time. */
export const blamesMax = 5;
/**
 * So many of them of kinds that are known to work, or crashes: whoever submits one new and broken
 * job after another would otherwise close the worker on which a quiet cluster runs them all.
 */
export const knownMin = 3;
/** What a worker took down with it, whatever the kind of the task. */
export const crashKind = "crash";
export const blameMemoryMs = 10 * 60_000;
const firstMs = 5 * 60_000;
const longestMs = 60 * 60_000;
/** Who has done well for so long begins anew. */
const probationMs = 60 * 60_000;

export const recentBlames = (
  { blames }: Pick<WorkerRecord, "blames">,
  nowMs: number,
): readonly Blame[] => blames.filter(({ atMs }) => atMs > nowMs - blameMemoryMs);

export function* quarantineIfDue(
  state: State,
  id: WorkerId,
  nowMs: number,
): Generator<Event, void, void> {
  const worker = state.workers.get(id);
  if (worker === undefined || worker.quarantine !== null) return;
  const blames = recentBlames(worker, nowMs);
  if (blames.length < blamesMax || !mayBeSpared(state, worker)) return;
  const known = blames.filter(
    ({ kind }) => kind === crashKind || hasSucceeded(state.statistics, kind),
  );
  if (known.length < knownMin) return;
  const before = worker.lastQuarantine;
  const again = before !== null && nowMs - before.endedAtMs < probationMs;
  const level = again ? before.level + 1 : 1;
  const lastsMs = Math.min(longestMs, firstMs * 2 ** Math.min(30, level - 1));
  const kinds = new Set(blames.map(({ kind }) => kind));
  const message = `${blames.length} failures of different tasks within 10 minutes: ${[...kinds].slice(0, 3).join(", ")}`;
  yield { type: "WorkerQuarantined", worker: id, untilMs: nowMs + lastsMs, level, message };
}

/** Others are there, and enough of them open. */
function mayBeSpared(state: State, worker: WorkerRecord): boolean {
  let [present, quarantined, others] = [0, 0, 0];
  for (const one of state.workers.values()) {
    // Also of those that are away: they come back to what they left.
    if (one.quarantine !== null) quarantined++;
    if (one.state !== "connected" && one !== worker) continue;
    present++;
    if (one !== worker && openness(one) === "open") others++;
  }
  return others > 0 && quarantined + 1 <= present / 2;
}

export function* liftQuarantine(
  state: State,
  { worker: id }: Extract<Command, { type: "LiftQuarantine" }>,
): Decision {
  const worker = state.workers.get(id);
  if (worker === undefined) return noWorker(id);
  if (worker.quarantine !== null) yield { type: "QuarantineLifted", worker: id };
  return noReply;
}

/** Lifts what has lasted long enough, and the one that ends first where nothing else is open. */
export function* endQuarantines(state: State, nowMs: number): Generator<Event, void, void> {
  for (const { id, quarantine } of [...state.workers.values()]) {
    if (quarantine !== null && quarantine.untilMs <= nowMs) {
      yield { type: "QuarantineLifted", worker: id };
    }
  }
  const needed = neededNow(state);
  if (needed !== null) yield { type: "QuarantineLifted", worker: needed.id };
}

/** When a quarantine ends: 0 where one has to at once; infinite: none. */
export function quarantineTimer(state: State): number {
  if (neededNow(state) !== null) return 0;
  let atMs = Number.POSITIVE_INFINITY;
  for (const { quarantine } of state.workers.values()) {
    if (quarantine !== null) atMs = Math.min(atMs, quarantine.untilMs);
  }
  return atMs;
}

/** Without it nothing new could run anywhere, though it is there and nobody has closed it. */
function neededNow(state: State): WorkerRecord | null {
  let soonest: WorkerRecord | null = null;
  for (const worker of state.workers.values()) {
    if (worker.state !== "connected") continue;
    if (openness(worker) === "open") return null;
    const { quarantine } = worker;
    if (quarantine === null || openness({ ...worker, quarantine: null }) !== "open") continue;
    const untilMs = soonest?.quarantine?.untilMs ?? Number.POSITIVE_INFINITY;
    if (quarantine.untilMs < untilMs) soonest = worker;
  }
  return soonest;
}
