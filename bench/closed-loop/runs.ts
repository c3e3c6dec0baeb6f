/**
 * The same workflow again and again, from a cluster that knows nothing: how far the finish that was
 * promised when it was submitted lay from the one that came.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobSummary } from "../../core/views.js";
import { type Bench, expectOk } from "../cluster.js";
import { submitJob, untilEnded } from "../jobs.js";
import { workflow } from "./workflow.js";

export interface RunResult {
  readonly run: number;
  readonly state: string;
  /** From submission, as promised then; null: nobody could say. */
  readonly promisedP50Ms: number | null;
  readonly promisedP90Ms: number | null;
  readonly actualMs: number;
  /** |promised - actual| / actual, in percent; null without a promise. */
  readonly errorPercent: number | null;
  readonly keptP90: boolean | null;
}

export async function repeatRuns(
  bench: Bench,
  factors: string,
  runs: number,
  random: () => number,
): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for (let run = 1; run <= runs; run++) {
    const jobId = await submitJob(bench, workflow(factors, random));
    const promised = await firstPromise(bench, jobId);
    const { summary } = await untilEnded(bench, jobId, 200);
    const actualMs = (summary.finishedAtMs ?? Number.NaN) - summary.submittedAtMs;
    const { submittedAtMs, finishP50AtMs, finishP90AtMs } = promised;
    const p50Ms = finishP50AtMs === null ? null : finishP50AtMs - submittedAtMs;
    const p90Ms = finishP90AtMs === null ? null : finishP90AtMs - submittedAtMs;
    results.push({
      run,
      state: summary.state,
      promisedP50Ms: p50Ms,
      promisedP90Ms: p90Ms,
      actualMs,
      errorPercent: p50Ms === null ? null : (100 * Math.abs(p50Ms - actualMs)) / actualMs,
      keptP90: p90Ms === null ? null : actualMs <= p90Ms,
    });
  }
  return results;
}

/** What it says of its finish as soon as it says anything; the last word if that is nothing. */
async function firstPromise({ client }: Bench, jobId: string): Promise<JobSummary> {
  let summary = expectOk(await client.getSummary(jobId));
  for (let look = 0; look < looksMax && summary.finishP50AtMs === null; look++) {
    await sleep(lookEveryMs);
    summary = expectOk(await client.getSummary(jobId));
  }
  return summary;
}

const lookEveryMs = 20;
const looksMax = 25;
