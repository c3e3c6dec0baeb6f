/** Many lives, on several threads, each told of as soon as it is over. */
import { Worker } from "node:worker_threads";
import type { LifeResult } from "./life.js";
import type { LifeOrder, ThreadSettings } from "./life-thread.js";

export interface CampaignOptions extends ThreadSettings {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly threads: number;
  /** File of the bundled thread. */
  readonly entry: URL;
  /** True: no further seed is begun. */
  readonly onResult: (result: LifeResult) => boolean;
}

/** Rejects if a thread dies, with the seed that it was living. */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { firstSeed, seeds, threads, entry, onResult, tasks, faults } = options;
  let next = firstSeed;
  let isOver = false;
  const workerData: ThreadSettings = { tasks, faults };

  const crew = Array.from({ length: Math.min(threads, seeds) }, async () => {
    const worker = new Worker(entry, { workerData });
    try {
      while (!isOver && next < firstSeed + seeds) {
        const order: LifeOrder = { seed: next };
        next += 1;
        if (onResult(await oneLife(worker, order))) isOver = true;
      }
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(crew);
}

function oneLife(worker: Worker, order: LifeOrder): Promise<LifeResult> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new Error(`the life of seed ${order.seed} ended the process: ${error.message}`));
    worker.once("error", failed);
    worker.once("message", (result: LifeResult) => {
      worker.off("error", failed);
      resolve(result);
    });
    worker.postMessage(order);
  });
}
