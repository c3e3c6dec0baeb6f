/**
 * Where a planner keeps its models: below its data directory, which one planner has at a time; else
 * in a directory that goes with it.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";

export interface ModelsDirectory {
  readonly directory: string;
  /** Lets another have it, or removes it. */
  release(): Promise<void>;
}

export async function openModelsDirectory(
  dataDirectory: string | null,
  log: Logger,
): Promise<ModelsDirectory> {
  if (dataDirectory !== null) {
    const directory = join(dataDirectory, "models");
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const letGo = await hold(await realpath(directory));
      if (letGo !== null) return { directory, release: letGo };
      log.warn({ directory }, "another planner has this directory: models are not kept");
    } catch (error) {
      log.warn({ directory, error }, "the directory cannot be written: models are not kept");
    }
  } else log.info("no data directory: models are not kept");
  const directory = await mkdtemp(join(tmpdir(), "almanac-models-"));
  return { directory, release: () => rm(directory, { recursive: true, force: true }) };
}

/**
 * An abstract socket of the directory's name: the kernel gives it to one, and takes it back when that
 * one dies, however. null: another has it.
 */
function hold(directory: string): Promise<(() => Promise<void>) | null> {
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(`\0almanac-models-${name}`, () => {
      server.unref();
      resolve(
        () =>
          new Promise((closed) => {
            server.close(() => closed());
          }),
      );
    });
  });
}
