/**
 * A worker that becomes slow while it works: after how many of its completions the plans know, seen
 * from outside, by how long they reserve for like tasks on it and on the others.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobView, PlanView } from "../../core/views.js";
import { type Bench, expectOk } from "../cluster.js";
import { submitJob, untilEnded } from "../jobs.js";
import { array, slow } from "./workflow.js";

export interface SlowedResult {
  readonly worker: string;
  readonly factor: number;
  /** Of the slowed worker, of programs that began slowed; null: not noticed before all was done. */
  readonly completionsUntilNoticed: number | null;
  /** Planned on the slowed worker over planned on the others, when it was noticed or at the end. */
  readonly plannedFactor: number;
  /** Of the tasks that started after it was noticed, how many ran on it; and what its speed is due. */
  readonly share: number;
  readonly fairShare: number;
}

/** Planned to be slower by this much of the truth: noticed. */
const tolerance = 0.15;
const lookEveryMs = 100;
const stepSeconds = 0.5;

export async function slowOne(
  bench: Bench,
  factors: string,
  { worker, factor, tasks, warmUp }: SlowedSettings,
  random: () => number,
): Promise<SlowedResult> {
  const { client } = bench;
  const jobId = await submitJob(bench, array(factors, tasks, stepSeconds, random));
  const look = async (): Promise<JobView> => expectOk(await client.get(jobId));
  let view = await look();
  while (ended(view).length < warmUp) {
    await sleep(lookEveryMs);
    view = await look();
  }
  const slowedAtMs = Date.now();
  slow(factors, worker, factor);
  let noticed: { readonly completions: number; readonly atMs: number } | null = null;
  let plannedFactor = Number.NaN;
  while (noticed === null && view.summary.state === "running") {
    await sleep(lookEveryMs);
    view = await look();
    const planned = factorPlanned(expectOk(await client.plan(jobId)), worker);
    if (Number.isNaN(planned)) continue;
    plannedFactor = planned;
    const completions = ended(view).filter(
      (run) => run.worker === worker && (run.startedAtMs ?? 0) >= slowedAtMs,
    ).length;
    if (planned >= factor * (1 - tolerance)) noticed = { completions, atMs: Date.now() };
  }
  const whole = await untilEnded(bench, jobId, lookEveryMs);
  const after = ended(whole).filter(
    ({ startedAtMs }) => noticed !== null && (startedAtMs ?? 0) > noticed.atMs,
  );
  const workers = bench.cluster.workers.length;
  return {
    worker,
    factor,
    completionsUntilNoticed: noticed?.completions ?? null,
    plannedFactor,
    share: after.filter((run) => run.worker === worker).length / after.length,
    fairShare: 1 / factor / (workers - 1 + 1 / factor),
  };
}

export interface SlowedSettings {
  readonly worker: string;
  readonly factor: number;
  readonly tasks: number;
  /** So many are done before it is slowed. */
  readonly warmUp: number;
}

const ended = ({ tasks }: JobView) =>
  tasks.flatMap(({ attempts }) => attempts.filter(({ endedAtMs }) => endedAtMs !== null));

/** NaN while nothing waits on it, or on the others. */
function factorPlanned({ entries }: PlanView, worker: string): number {
  const waiting = entries.filter(({ state }) => state === "ready" || state === "pending");
  const meanMs = (isIt: boolean): number => {
    const own = waiting.filter(({ reservation }) => (reservation.worker === worker) === isIt);
    const sum = own.reduce(
      (total, { reservation }) => total + reservation.endP50AtMs - reservation.startP50AtMs,
      0,
    );
    return sum / own.length;
  };
  return meanMs(true) / meanMs(false);
}
