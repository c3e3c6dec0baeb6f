/**
 * Removes a directory that tasks have written to. Somebody may still change it meanwhile, say
 * another task of the same user: rm(1) walks by descriptors and never follows a link, where Node's
 * own removal goes by names and would follow a directory that was swapped for a link. It also knows
 * paths longer than the kernel takes at once.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";

const rmProgram = ["/bin/rm", "/usr/bin/rm"].find((path) => existsSync(path));

/** Rejects with what could not be removed. */
export async function removeTree(path: string): Promise<void> {
  if (rmProgram === undefined) return rm(path, { recursive: true, force: true });
  await new Promise<void>((resolve, reject) => {
    execFile(rmProgram, ["-rf", "--", path], (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}
