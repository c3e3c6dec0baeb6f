/**
 * Removes directories that tasks have written to. Somebody may still change them meanwhile, say
 * another task of the same user: rm(1) walks by descriptors and never follows a link, where Node's
 * own removal goes by names and would follow a directory that was swapped for a link. It also knows
 * paths longer than the kernel takes at once.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";

const rmProgram = ["/bin/rm", "/usr/bin/rm"].find((path) => existsSync(path));

/** By one program for all of them, for a fork costs more than most of these directories. */
export const removedAtOnceMax = 100;

/** Rejects with what could not be removed; everything else has gone then. */
export async function removeTrees(paths: readonly string[]): Promise<void> {
  if (rmProgram === undefined) {
    for (const path of paths) await rm(path, { recursive: true, force: true });
    return;
  }
  await new Promise<void>((resolve, reject) => {
    execFile(rmProgram, ["-rf", "--", ...paths], (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}
