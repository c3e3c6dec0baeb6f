/**
 * Takes what an attempt has left in its working directory, once nothing of it runs any more. The
 * directory is the task's, so nothing in it is believed: every step is opened by descriptor from the
 * one above and no link is followed, so a link to /etc/shadow, or a directory swapped for a link in
 * between, gives nothing; only plain files with a single name are taken, so a hard link to somebody
 * else's file is not either.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, link, mkdir, open, opendir } from "node:fs/promises";
import { join } from "node:path";
import {
  type DataFile,
  dataLimits,
  relativePathProblem,
  type TaskOutput,
} from "../../core/data.js";
import { isPattern, matchesGlob, mayMatchBelow } from "../../core/glob.js";
import type { Result } from "../../core/result.js";
import { quote } from "../../core/violations.js";
import { type BlobDirectory, chunksOf } from "../../data/blob-directory.js";
import { take } from "../../data/blob-store.js";

interface CollectOptions {
  readonly directory: string;
  readonly outputs: readonly TaskOutput[];
  readonly cache: BlobDirectory;
  /** Where each content is linked to under its hash, whatever becomes of the cache. */
  readonly keptIn: string;
}

/** What cannot be taken, in words for the user. */
class Refusal extends Error {}

interface Walk extends CollectOptions {
  readonly files: DataFile[];
  /** By output: bytes taken so far. */
  readonly bytes: number[];
  readonly device: number;
  visited: number;
}

export async function collectOutputs(
  options: CollectOptions,
): Promise<Result<readonly DataFile[], string>> {
  const { directory, outputs } = options;
  try {
    await mkdir(options.keptIn, { recursive: true, mode: 0o700 });
    const root = await open(directory, directoryFlags);
    try {
      const { dev: device } = await root.stat();
      const bytes = outputs.map(() => 0);
      const walk: Walk = { ...options, files: [], bytes, device, visited: 0 };
      await walkDirectory(walk, root, "", 1);
      for (const { path, required } of outputs) {
        if (required && !walk.files.some((file) => matchesGlob(path, file.path))) {
          throw new Refusal(`nothing matches ${quote(path)}, which is required`);
        }
      }
      return { ok: true, value: walk.files };
    } finally {
      await root.close();
    }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Not blocking: opening a fifo would otherwise wait for whoever writes to it. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Below an open directory, whatever its path leads to by now. */
const within = (directory: FileHandle, name: string): string =>
  `/proc/self/fd/${directory.fd}/${name}`;

async function walkDirectory(
  walk: Walk,
  directory: FileHandle,
  prefix: string,
  depth: number,
): Promise<void> {
  for await (const entry of await opendir(within(directory, "."))) {
    walk.visited += 1;
    if (walk.visited > dataLimits.visitedEntries) {
      throw new Refusal(`more than ${dataLimits.visitedEntries} entries lie where outputs may be`);
    }
    const path = `${prefix}${entry.name}`;
    const index = walk.outputs.findIndex((output) => matchesGlob(output.path, path));
    if (entry.isDirectory()) {
      if (depth >= dataLimits.pathDepth) continue;
      if (!walk.outputs.some((output) => mayMatchBelow(output.path, path))) continue;
      const below = await openOrRefuse(within(directory, entry.name), directoryFlags, path);
      try {
        await walkDirectory(walk, below, `${path}/`, depth + 1);
      } finally {
        await below.close();
      }
    } else if (entry.isSymbolicLink()) {
      if (index >= 0 || walk.outputs.some((output) => leadsThrough(output.path, path))) {
        throw new Refusal(`${quote(path)} is a symbolic link`);
      }
    } else if (index >= 0) {
      const file = await openOrRefuse(within(directory, entry.name), fileFlags, path);
      await takeFile(walk, file, { path, index });
    }
  }
}

/** Whether a pattern names this very path on its way. */
const leadsThrough = (pattern: string, path: string): boolean =>
  pattern.startsWith(`${path}/`) && !isPattern(path);

async function openOrRefuse(path: string, flags: number, shown: string): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "ELOOP" ? "is a symbolic link" : `cannot be opened: ${code}`;
    throw new Refusal(`${quote(shown)} ${why}`);
  }
}

async function takeFile(
  walk: Walk,
  file: FileHandle,
  { path, index }: { readonly path: string; readonly index: number },
): Promise<void> {
  try {
    const stats = await file.stat();
    const problem = problemOf(stats, walk.device) ?? relativePathProblem(path);
    if (problem !== null) throw new Refusal(`${quote(path)} ${problem}`);
    if (walk.files.length >= dataLimits.outputFiles) {
      throw new Refusal(`more than ${dataLimits.outputFiles} files match the outputs`);
    }
    const { path: pattern, maxBytes } = walk.outputs[index] ?? { path: "", maxBytes: 0 };
    const left = maxBytes - (walk.bytes[index] ?? 0);
    if (stats.size > left) {
      throw new Refusal(
        `${quote(path)} has ${stats.size} bytes, and ${quote(pattern)} may have ${maxBytes} in all (maxBytes)`,
      );
    }
    const blob = await take(walk.cache, { sha256: null, sizeBytes: left }, chunksOf(file));
    walk.bytes[index] = (walk.bytes[index] ?? 0) + blob.sizeBytes;
    const kept = join(walk.keptIn, blob.sha256);
    await link(walk.cache.pathOf(blob.sha256), kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    walk.files.push({ path, ...blob, executable: (stats.mode & 0o111) !== 0 });
  } finally {
    await file.close();
  }
}

function problemOf(stats: Stats, device: number): string | null {
  if (stats.isFIFO()) return "is a fifo";
  if (stats.isSocket()) return "is a socket";
  if (!stats.isFile()) return "is a device";
  if (stats.dev !== device) return "lies on another file system";
  return stats.nlink > 1 ? "has another name as well: hard links are not taken" : null;
}
