/**
 * Which attempt has sent which content. A report may name nothing else: the hash of somebody else's
 * file would make that readable to whoever runs the next task. Kept on disk, because a master may
 * be killed between a file and its report.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptId } from "../../core/ids.js";

export interface SentContent {
  /** Resolves when it is durable. */
  note(attempt: AttemptId, sha256: string): Promise<void>;
  by(attempt: AttemptId): Promise<ReadonlySet<string>>;
  forget(attempts: readonly AttemptId[]): Promise<void>;
  /** Forgets all others; asked after it has looked what there is. */
  keep(attempts: () => readonly AttemptId[]): Promise<void>;
}

/** One small file for each attempt that has sent something and not reported yet. */
export async function openSentContent(root: string): Promise<SentContent> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  /** Attempts are named after tasks, at any length. */
  const nameOf = (attempt: AttemptId): string => createHash("sha256").update(attempt).digest("hex");
  const pathOf = (attempt: AttemptId): string => join(root, nameOf(attempt));

  return {
    async note(attempt, sha256) {
      const file: FileHandle = await open(pathOf(attempt), "a", 0o600);
      try {
        await file.appendFile(`${sha256}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async by(attempt) {
      const text = await readFile(pathOf(attempt), "utf8").catch(() => "");
      return new Set(text.split("\n"));
    },
    async forget(attempts) {
      for (const attempt of attempts) await rm(pathOf(attempt), { force: true });
    },
    async keep(attempts) {
      const names = await readdir(root);
      const kept = new Set(attempts().map(nameOf));
      for (const name of names) {
        if (!kept.has(name)) await rm(join(root, name), { force: true });
      }
    },
  };
}
