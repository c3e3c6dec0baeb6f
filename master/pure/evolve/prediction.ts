/** What the predictor says of durations, and which model it serves. */
import type { Job, State } from "../state.js";
import { wayKey } from "../ways.js";
import { jobOf, type Of, touchModel, touchRevised } from "./entities.js";

/** What was proven, and planned, rests on the estimates before: all of it is looked at again. */
export function estimatesRevised(state: State, { entries }: Of<"EstimatesRevised">): void {
  for (const { job: id, template, mode, ...estimate } of entries) {
    const job = jobOf(state, id);
    job.revised ??= {};
    job.revised[wayKey(template, mode)] = estimate;
    touchRevised(state, job);
  }
  state.facts++;
}

/** Jobs that have ended keep what was last said of them: it is what they were planned by. */
export function estimatesWithdrawn(state: State): void {
  for (const job of state.index.openJobs) dropRevisions(state, job);
  state.facts++;
}

export function dropRevisions(state: State, job: Job): void {
  if (job.revised === null) return;
  job.revised = null;
  touchRevised(state, job);
}

export function modelChosen(state: State, event: Of<"ModelChosen">, atMs: number): void {
  const { type: _type, ...choice } = event;
  state.model = { ...choice, atMs, sequence: state.seq };
  touchModel(state);
}
