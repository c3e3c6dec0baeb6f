/**
 * Trains in a thread of its own, so that whoever asks goes on serving. A training that fails or
 * takes too long is an error of that training alone.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Trained, TrainingRequest } from "./pure/training.js";

export interface TrainerOptions {
  /** File of the bundled thread, `models/train-thread`. */
  readonly entry: string;
  readonly timeoutMs: number;
  readonly memoryMiBMax: number;
}

/** The request's arrays are copied. Rejects where the training throws, dies or is too slow. */
export async function trainInThread(
  request: TrainingRequest,
  { entry, timeoutMs, memoryMiBMax }: TrainerOptions,
): Promise<Trained> {
  const thread = new Worker(entry, {
    name: "almanac-trainer",
    resourceLimits: { maxOldGenerationSizeMb: memoryMiBMax },
  });
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    thread.postMessage(request);
    const ended = once(thread, "exit", { signal: limit }).then(([code]) => {
      throw new Error(`the training thread ended with code ${code}`);
    });
    // Whichever comes second is nobody's concern.
    ended.catch(() => undefined);
    // `once` rejects on "error" as well, which is what an exception in the thread becomes.
    const [trained]: Trained[] = await Promise.race([
      once(thread, "message", { signal: limit }),
      ended,
    ]);
    if (trained === undefined) throw new Error("the training thread said nothing");
    return trained;
  } catch (error) {
    if (limit.aborted) throw new Error(`training took longer than ${timeoutMs} ms`);
    throw error;
  } finally {
    await thread.terminate();
  }
}
