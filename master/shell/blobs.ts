/** The master's content-addressed store: opened, and swept of what no job names. */
import { join } from "node:path";
import type { Logger } from "pino";
import { type BlobDirectory, openBlobDirectory } from "../../data/blob-directory.js";
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

export function keepSwept(
  { blobs, sent }: Received,
  engine: Engine,
  log: Logger,
): { readonly stop: () => void } {
  async function sweep(): Promise<void> {
    const { workers } = engine.state;
    await sent?.keep(() => [...workers.values()].flatMap(({ live }) => [...live.keys()]));
    const named = namedContent(engine.state);
    const removed = await blobs.sweep((sha256) => named.has(sha256), Date.now() - unnamedMs);
    if (removed > 0) log.info({ removed }, "swept content that no job names");
  }
  const run = (): void =>
    void sweep().catch((error: unknown) => log.warn({ err: error }, "content was not swept"));
  run();
  const timer = setInterval(run, sweepEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}
