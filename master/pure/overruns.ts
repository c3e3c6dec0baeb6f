/**
 * Attempts that run past their p90. What is planned behind them was planned for an earlier end, so
 * each is a fact that calls for another plan: the first time, and again whenever the time that it has
 * taken has doubled. A plan takes what is left of it from how long it has run (core/remaining).
 */
import { taskOfAttempt } from "../../core/ids.js";
import { nextDue, removeDue, setDue } from "./due-times.js";
import { durationOn } from "./estimates.js";
import type { Event } from "./events.js";
import { elapsedMs } from "./pausing.js";
import { speedOf } from "./speed.js";
import type { Attempt, State, Task } from "./state.js";
import { liveAttempt } from "./state.js";
import { wayNamed } from "./ways.js";

export function* tellOverruns(state: State, nowMs: number): Generator<Event, void, void> {
  for (;;) {
    const due = nextDue(state.index.due);
    if (due === null || due.atMs > nowMs) return;
    yield { type: "AttemptOverran", attempt: due.attempt };
  }
}

export const overrunTimer = ({ index }: State): number =>
  nextDue(index.due)?.atMs ?? Number.POSITIVE_INFINITY;

/** No plan is worth making for less. */
const overrunMinMs = 1_000;

/** Looks forward to when an attempt passes its p90, or has taken twice as long as now. */
export function expectEnd(state: State, task: Task, attempt: Attempt, nowMs: number): void {
  const worker = state.workers.get(attempt.worker);
  if (worker === undefined) return;
  const { p90Ms } = durationOn(state, task, speedOf(worker), wayNamed(task, attempt.mode));
  const ranMs = elapsedMs(attempt, nowMs);
  const leftMs = p90Ms > ranMs ? p90Ms - ranMs : ranMs;
  setDue(state.index.due, attempt.id, nowMs + Math.max(overrunMinMs, Math.ceil(leftMs)));
}

/** For what was written down before ends were looked forward to; of any other state nothing is new. */
export function expectMissingEnds(state: State): void {
  for (const task of state.index.live) {
    const attempt = liveAttempt(task);
    if (attempt === null || attempt.status.kind === "unknown" || standsStill(attempt)) continue;
    if (!state.index.due.placeOf.has(attempt.id)) expectEnd(state, task, attempt, state.atMs);
  }
}

export const standsStill = ({ held }: Attempt): boolean =>
  held !== undefined && held.sinceMs !== null;

/** It has ended, or stands still, or nobody knows of it. */
export const expectNoEnd = (state: State, { id }: Attempt): void => removeDue(state.index.due, id);

/** By now it has run for so long. */
export function attemptOverran(state: State, id: Attempt["id"], atMs: number): void {
  const task = state.tasks.get(taskOfAttempt(id));
  const attempt = task?.attempts.find((one) => one.id === id);
  removeDue(state.index.due, id);
  state.facts++;
  if (task !== undefined && attempt !== undefined) expectEnd(state, task, attempt, atMs);
}
