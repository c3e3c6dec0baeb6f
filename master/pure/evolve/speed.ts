/** What is learnt of the speed of workers: from each run that succeeds, and when they register. */
import { estimate } from "../../../core/estimate.js";
import type { WorkerFacts } from "../../../core/worker.js";
import {
  emptySpeed,
  isTelling,
  observeSpeed,
  rebased,
  settle,
} from "../../../core/worker-speed.js";
import { countIn, hardwareOf, othersOf } from "../speed.js";
import type { State, Task, Way, WorkerRecord } from "../state.js";
import { kindOfWay } from "../ways.js";

/** Before the statistics hear of the run: it is judged by what was known without it. */
export function learnSpeed(
  state: State,
  worker: WorkerRecord,
  { task, way, ranMs }: { readonly task: Task; readonly way: Way; readonly ranMs: number },
): void {
  // What a user says of single tasks is said because they differ.
  if (task.entry.estimate !== null) return;
  const predicted = estimate(state.statistics, way.groups);
  if (!isTelling(predicted)) return;
  const run = {
    worker: worker.id,
    kind: kindOfWay(way),
    predictedMs: predicted.p50Ms,
    ranMs,
    benchmark: worker.facts.speed,
  };
  const others = othersOf(state, worker);
  countIn(state, worker, -1);
  observeSpeed(state.comparison, worker.speed, run, others);
  countIn(state, worker, 1);
}

/** Other hardware, or another benchmark than noise can explain: it is not the worker it was. */
export function takeFacts(state: State, worker: WorkerRecord, facts: WorkerFacts): void {
  const { facts: before, speed } = worker;
  countIn(state, worker, -1);
  const isOther = hardwareOf(before) !== hardwareOf(facts);
  if (isOther) worker.speed = emptySpeed();
  else if (before.speed !== facts.speed) {
    worker.speed = rebased(speed, before.speed, facts.speed);
  }
  worker.facts = facts;
  countIn(state, worker, 1);
  settle(worker.speed, othersOf(state, worker));
}
