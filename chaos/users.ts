/**
 * Somebody who keeps the cluster busy: submits jobs with keys of their own, again and again until
 * each is acknowledged, and looks how they are.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../cli/client.js";
import type { ErrorCode } from "../core/result.js";
import type { JobView } from "../core/views.js";
import type { ChaosJob } from "./workload.js";

export interface Acknowledged {
  readonly job: ChaosJob;
  readonly id: string;
}

export interface User {
  readonly acknowledged: readonly Acknowledged[];
  /** What was refused, or answered with another job: in words. */
  readonly faults: readonly string[];
  /** How many of its jobs are not known to be over. */
  open(): number;
  /** Submits until the signal says that it is enough, then waits for what it has begun. */
  keepBusy(signal: AbortSignal): Promise<void>;
  /** Views of all jobs once they are over, or as they are after so long. */
  untilOver(limitMs: number): Promise<readonly JobView[]>;
  /** The same keys once more: they must give the same jobs. */
  askAgain(): Promise<void>;
}

/** So many jobs are under way at once. */
const openMax = 8;
/** Longer than any master is away or held. */
const answerLimitMs = 90_000;
const lookEveryMs = 250;

export function createUser(client: Client, draw: (number: number) => ChaosJob): User {
  const acknowledged: Acknowledged[] = [];
  const faults: string[] = [];
  const open = new Set<string>();
  let drawn = 0;

  async function submitNext(): Promise<void> {
    const job = draw(drawn);
    drawn += 1;
    const untilMs = performance.now() + answerLimitMs;
    for (;;) {
      const receipt = await client.submit({
        spec: job.spec,
        idempotencyKey: job.key,
        dryRun: false,
      });
      if (receipt.ok) {
        acknowledged.push({ job, id: receipt.value.jobId });
        open.add(receipt.value.jobId);
        return;
      }
      if (!isPassing(receipt.error.code) || performance.now() > untilMs) {
        faults.push(`${job.key} was not taken: ${receipt.error.message}`);
        return;
      }
      await sleep(lookEveryMs);
    }
  }

  async function look(): Promise<void> {
    for (const id of [...open]) {
      const summary = await client.getSummary(id);
      if (summary.ok && summary.value.state !== "running") open.delete(id);
      if (!summary.ok && summary.error.code === "not_found") {
        faults.push(`job ${id} was acknowledged and is not there`);
        open.delete(id);
      }
    }
  }

  return {
    acknowledged,
    faults,
    open: () => open.size,
    async keepBusy(signal) {
      while (!signal.aborted) {
        while (open.size < openMax && !signal.aborted) await submitNext();
        await look();
        await sleep(lookEveryMs);
      }
    },
    async untilOver(limitMs) {
      const untilMs = performance.now() + limitMs;
      while (open.size > 0 && performance.now() < untilMs) {
        await look();
        await sleep(lookEveryMs);
      }
      const views: JobView[] = [];
      for (const { id, job } of acknowledged) {
        const view = await client.get(id);
        if (view.ok) views.push(view.value);
        else faults.push(`${job.key}, acknowledged as ${id}: ${view.error.message}`);
      }
      return views;
    },
    async askAgain() {
      for (const { job, id } of acknowledged) {
        const { spec, key } = job;
        const again = await client.submit({ spec, idempotencyKey: key, dryRun: false });
        if (!again.ok) faults.push(`${key} again: ${again.error.message}`);
        else if (again.value.jobId !== id) faults.push(`${key} is ${id} and ${again.value.jobId}`);
      }
    },
  };
}

/** The master is away, or ended in between: nobody knows whether it has heard. */
const isPassing = (code: ErrorCode): boolean =>
  code === "unavailable" || code === "not_durable" || code === "internal";
