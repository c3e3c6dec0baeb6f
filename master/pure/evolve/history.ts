/** Jobs leave memory for the archive, come back to run again, and are forgotten by their keys. */
import { remove, touch } from "../hash.js";
import { jobOfPlain } from "../plain-job.js";
import { jobKey, type State } from "../state.js";
import { jobOf, type Of, touchJob, touchRevised, touchSpec, touchTask } from "./entities.js";

export function jobArchived(state: State, event: Of<"JobArchived">): void {
  const job = jobOf(state, event.job);
  const { keyUntilMs } = event;
  if (keyUntilMs !== undefined) {
    keepKey(state, jobKey(job.spec.namespace, job.idempotencyKey), keyUntilMs);
  }
  for (const { id } of job.tasks) {
    state.tasks.delete(id);
    remove(state.hash, id);
  }
  state.jobs.delete(job.id);
  remove(state.hash, job.id);
  remove(state.hash, `${job.id} spec`);
  remove(state.hash, `${job.id} revised`);
  // The queues may still name its tasks; what is planned is not touched by it.
  state.index.queues = null;
}

export function jobReloaded(state: State, event: Of<"JobReloaded">): void {
  const job = jobOfPlain(event.plain);
  state.jobs.set(job.id, job);
  for (const task of job.tasks) {
    state.tasks.set(task.id, task);
    touchTask(state, task);
  }
  touchSpec(state, job);
  touchJob(state, job);
  if (job.revised !== null) touchRevised(state, job);
  if (job.idempotencyKey === "") return;
  const key = jobKey(job.spec.namespace, job.idempotencyKey);
  // Forgotten meanwhile, it may stand for another job by now.
  if ((state.idempotency.get(key) ?? job.id) !== job.id) return;
  state.idempotency.set(key, job.id);
  forget(state, key);
}

export function keysForgotten(state: State, keys: readonly string[]): void {
  for (const key of keys) {
    state.idempotency.delete(key);
    forget(state, key);
  }
}

export function keepKey(state: State, key: string, untilMs: number): void {
  state.keysKept.set(key, untilMs);
  touch(state.hash, `key/${key}`, () => String(state.keysKept.get(key)));
}

function forget(state: State, key: string): void {
  state.keysKept.delete(key);
  remove(state.hash, `key/${key}`);
}
