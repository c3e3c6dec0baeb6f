/**
 * Carries content between this worker's cache and the store. A store that is away is tried again for
 * as long as the supervisor wants the content; any other failure a few times.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AlmanacError } from "../../core/result.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { blobError } from "../../data/blob-failure.js";
import { type BlobStore, fileContent, take } from "../../data/blob-store.js";
import type { Transfer } from "../data/transfer.js";
import type { WorkerLog } from "../log.js";

export interface Carrier {
  take(transfer: Transfer): void;
  cancel(id: number): void;
  close(): void;
}

interface CarrierOptions {
  readonly cache: BlobDirectory;
  readonly cacheBytes: number;
  /** Asked before every try: its credentials may be renewed meanwhile. */
  readonly store: () => Promise<BlobStore>;
  readonly done: (id: number, error: string | null) => void;
  readonly log: WorkerLog;
}

const atOnceMax = 4;
const triesMax = 5;
const retryFirstMs = 100;
const retryMaxMs = 3_000;

export function createCarrier(options: CarrierOptions): Carrier {
  const { cache, cacheBytes, done, log } = options;
  const known = new Map<number, AbortController>();
  const waiting: Transfer[] = [];
  let running = 0;

  function next(): void {
    while (running < atOnceMax) {
      const transfer = waiting.shift();
      if (transfer === undefined) return;
      const abort = known.get(transfer.id);
      if (abort === undefined) continue;
      running += 1;
      void carry(transfer, abort.signal).finally(() => {
        running -= 1;
        next();
      });
    }
  }

  async function carry(transfer: Transfer, signal: AbortSignal): Promise<void> {
    for (let failures = 0, pauseMs = retryFirstMs; ; pauseMs = Math.min(retryMaxMs, pauseMs * 2)) {
      const error = await tryOnce(transfer, signal);
      if (signal.aborted) return;
      if (error !== null && error.code !== "unavailable") failures += 1;
      if (error === null || failures === triesMax) {
        known.delete(transfer.id);
        return done(transfer.id, error === null ? null : error.message);
      }
      log.warn({ transfer, error: error.message }, "a transfer failed, trying again");
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }

  async function tryOnce(
    { direction, sha256, sizeBytes, path, attempt }: Transfer,
    signal: AbortSignal,
  ): Promise<AlmanacError | null> {
    try {
      const store = await options.store();
      const blob = { sha256, sizeBytes };
      if (direction === "put") {
        const answer = await store.put(blob, fileContent(path), { signal, attempt });
        return answer.ok ? null : answer.error;
      }
      await take(cache, blob, store.read(sha256, signal));
      await trimCache(cache, cacheBytes, sha256);
      return null;
    } catch (error) {
      return blobError(error);
    }
  }

  return {
    take(transfer) {
      if (known.has(transfer.id)) return;
      known.set(transfer.id, new AbortController());
      waiting.push(transfer);
      next();
    },
    cancel(id) {
      known.get(id)?.abort();
      known.delete(id);
    },
    close() {
      for (const abort of known.values()) abort.abort();
      known.clear();
      waiting.length = 0;
    },
  };
}

/** What was used longest ago goes first; what has just come stays, however large. */
async function trimCache(cache: BlobDirectory, bytesMax: number, keep: string): Promise<void> {
  // Counted anew: the supervisor adds what attempts leave.
  const blobs = [...(await cache.list())].sort((a, b) => a.usedAtMs - b.usedAtMs);
  let total = cache.totalBytes();
  for (const { sha256, sizeBytes } of blobs) {
    if (total <= bytesMax) return;
    if (sha256 === keep) continue;
    await cache.remove(sha256);
    total -= sizeBytes;
  }
}
