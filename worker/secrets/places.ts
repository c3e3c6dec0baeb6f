/**
 * Where the secret files of attempts lie: in memory, below a directory that nobody else can enter,
 * for as long as the attempt lives. Nothing of them is ever on a disk of the worker's own making.
 */
import { chmod, chown, lstat, mkdir, open, readdir, rm, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AttemptId } from "../../core/ids.js";
import type { Result } from "../../core/result.js";
import type { SecretFile } from "../../core/secrets.js";
import { attemptDirectoryName, digest } from "../ipc/paths.js";
import { messageOf } from "../log.js";

export interface SecretPlaces {
  /** A directory of the attempt's own, with the files in `files`; an error is in words. */
  make(attempt: AttemptId, files: readonly SecretFile[]): Promise<Result<string, string>>;
  remove(attempt: AttemptId): Promise<void>;
  /** Of earlier supervisors: what belongs to none of these goes. */
  keepOnly(attempts: readonly AttemptId[]): Promise<void>;
  /** Leaves nothing behind that is empty. */
  close(): Promise<void>;
}

export const secretFilesIn = (directory: string): string => join(directory, "files");

/** File systems that lie in memory: tmpfs and ramfs (statfs(2)). */
const memoryFileSystems: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const rootDefault = "/dev/shm";

/** `dataDirectory`: the worker's, so that workers of one host keep apart. */
export function createSecretPlaces(dataDirectory: string, root = rootDefault): SecretPlaces {
  const uid = process.getuid?.() ?? 0;
  const base = join(root, `almanac-${uid}-${digest(dataDirectory)}`);
  // Root's attempts may run as others, who pass through to what is theirs and list nothing.
  const mode = uid === 0 ? 0o711 : 0o700;
  const directoryOf = (attempt: AttemptId): string => join(base, attemptDirectoryName(attempt));

  /** Anybody may have made a directory of that name there: it counts only if it is ours. */
  async function makeBase(): Promise<string | null> {
    const { type } = await statfs(root);
    if (!memoryFileSystems.has(type)) return `${root} is no file system in memory`;
    await mkdir(base, { mode: 0o700 }).catch((error: unknown) => {
      if (!isCode(error, "EEXIST")) throw error;
    });
    const found = await lstat(base);
    if (!found.isDirectory() || found.uid !== uid) return `${base} is somebody else's`;
    await chmod(base, mode);
    return null;
  }

  return {
    async make(attempt, files) {
      const directory = directoryOf(attempt);
      try {
        const problem = await makeBase();
        if (problem !== null) return no(problem);
        await rm(directory, { recursive: true, force: true });
        await mkdir(directory, { mode: 0o700 });
        await chmod(directory, mode);
        const below = secretFilesIn(directory);
        await mkdir(below, { mode: 0o700 });
        for (const { path, valueBase64 } of files) {
          const target = join(below, path);
          await mkdir(dirname(target), { recursive: true, mode: 0o700 });
          await writeOnce(target, Buffer.from(valueBase64, "base64"));
        }
        return { ok: true, value: directory };
      } catch (error) {
        await rm(directory, { recursive: true, force: true }).catch(() => undefined);
        return no(messageOf(error));
      }
    },
    remove: (attempt) => rm(directoryOf(attempt), { recursive: true, force: true }),
    async keepOnly(attempts) {
      const kept = new Set(attempts.map(attemptDirectoryName));
      const found = await readdir(base).catch(() => []);
      for (const name of found) {
        if (!kept.has(name)) await rm(join(base, name), { recursive: true, force: true });
      }
    },
    close: () => rmdir(base).catch(() => undefined),
  };
}

type Owner = { readonly uid: number; readonly gid: number } | null;

/**
 * Gives the files in an attempt's directory to whoever the program runs as; null: that cannot be
 * told or done, so whoever reaches them may read them, and nobody of this host reaches them by name:
 * they are for a mount of their own.
 */
export async function giveSecretFiles(directory: string, owner: Owner): Promise<void> {
  if (owner === null) await chmod(directory, 0o700);
  await giveBelow(secretFilesIn(directory), owner);
}

async function giveBelow(path: string, owner: Owner): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) await giveBelow(below, owner);
    else if (owner === null) await chmod(below, 0o444);
    else await chown(below, owner.uid, owner.gid);
  }
  if (owner === null) await chmod(path, 0o755);
  else await chown(path, owner.uid, owner.gid);
}

async function writeOnce(path: string, content: Buffer): Promise<void> {
  const file = await open(path, "wx", 0o400);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

const no = (why: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: `the task's secrets have no place here: ${why}`,
});
