/** The master's content-addressed store: opened, and swept of what no job names. */
import { join } from "node:path";
import type { Logger } from "pino";
import { type BlobDirectory, openBlobDirectory } from "../../data/blob-directory.js";
import type { History } from "../history/history.js";
import { namedContent } from "../pure/data.js";
import type { Engine } from "./engine.js";
import type { Received } from "./reported-outputs.js";

interface BlobOptions {
  readonly dataDirectory: string;
  /** A mount that workers and users share; null: the master's own directory. */
  readonly sharedDirectory: string | null;
  readonly storeBytes: number;
}

export const storeBytesDefault = 64 * 1024 ** 3;

/** What was put and is named by no job yet may be about to be: it stays for so long. */
const unnamedMs = 24 * 3_600_000;
const sweepEveryMs = 600_000;

export const openBlobs = (options: BlobOptions): Promise<BlobDirectory> =>
  openBlobDirectory(options.sharedDirectory ?? join(options.dataDirectory, "blobs"), {
    bytesMax: options.storeBytes,
    shared: options.sharedDirectory !== null,
  });

interface SweepOptions {
  readonly received: Received;
  readonly engine: Engine;
  readonly history: Pick<History, "named">;
  readonly log: Logger;
}

export function keepSwept({ received, engine, history, log }: SweepOptions): {
  readonly stop: () => void;
} {
  const { blobs, sent } = received;
  async function sweep(): Promise<void> {
    const { workers } = engine.state;
    await sent?.keep(() => [...workers.values()].flatMap(({ live }) => [...live.keys()]));
    const removed = await blobs.sweep(async (sha256) => {
      // Memory first: a job that moves meanwhile is in the archive before it leaves.
      const named = namedContent(engine.state);
      const others = sha256.filter((each) => !named.has(each));
      const archived = others.length === 0 ? [] : await history.named(others);
      return new Set([...named, ...archived]);
    }, Date.now() - unnamedMs);
    if (removed > 0) log.info({ removed }, "swept content that no job names");
  }
  const run = (): void =>
    void sweep().catch((error: unknown) => log.warn({ err: error }, "content was not swept"));
  run();
  const timer = setInterval(run, sweepEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}
