/**
 * Puts an attempt's inputs into its working directory, before anything of it runs there. They are
 * copies: whatever a task does to them, the cache and other tasks keep theirs. What the cache holds
 * is verified as it is copied; what was tampered with is thrown away and fetched anew.
 */
import { chmod, chown, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DataFile } from "../../core/data.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { BlobFailure, shortHash } from "../../data/blob-failure.js";

interface StageOptions {
  readonly directory: string;
  readonly inputs: readonly DataFile[];
  readonly cache: BlobDirectory;
  readonly signal: AbortSignal;
  /** Brings content into the cache; an error is in words. */
  readonly fetch: (file: DataFile) => Promise<string | null>;
  /** Content that was in the cache was not what it should be. */
  readonly onDamage: (message: string) => void;
}

/** Content may be damaged, or pushed out of the cache, between being fetched and being copied. */
const triesMax = 3;

/** null: all are there. Otherwise why not, in words. */
export async function stageInputs(options: StageOptions): Promise<string | null> {
  const { directory, inputs, signal, cache } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const byHash = new Map(inputs.map((file) => [file.sha256, file]));
  const brought = await Promise.all(
    [...byHash.values()].map(async (file) =>
      (await cache.has(file.sha256)) ? null : options.fetch(file),
    ),
  );
  const failed = brought.find((error) => error !== null);
  if (failed !== undefined) return failed;
  for (const file of inputs) {
    if (signal.aborted) return "stopped";
    const error = await place(options, file);
    if (error !== null) return error;
  }
  return null;
}

async function place(options: StageOptions, file: DataFile): Promise<string | null> {
  const { cache, directory, fetch, onDamage } = options;
  const target = join(directory, file.path);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  for (let tries = 1; ; tries++) {
    try {
      await copyOut(cache, file, target);
      await cache.touch(file.sha256);
      return null;
    } catch (error) {
      await rm(target, { force: true });
      if (!(error instanceof BlobFailure) || tries === triesMax) {
        const why = error instanceof Error ? error.message : String(error);
        return `input ${file.path} (${shortHash(file.sha256)}): ${why}`;
      }
      if (error.error.code !== "not_found") onDamage(error.message);
      const failed = await fetch(file);
      if (failed !== null) return failed;
    }
  }
}

async function copyOut(cache: BlobDirectory, file: DataFile, target: string): Promise<void> {
  const output = await open(target, "wx", file.executable ? 0o755 : 0o644);
  try {
    for await (const chunk of cache.read(file.sha256)) await output.writeFile(chunk);
  } finally {
    await output.close();
  }
}

/**
 * Gives the working directory with what was staged in it to whoever the program will run as; null:
 * to anybody who can reach it, which is up to the directories above. Nothing of the task runs yet.
 */
export async function giveTree(
  path: string,
  owner: { readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) await giveTree(below, owner);
    else if (owner !== null) await chown(below, owner.uid, owner.gid);
    else await chmod(below, 0o777);
  }
  if (owner !== null) await chown(path, owner.uid, owner.gid);
  else await chmod(path, 0o777);
}
