/** Writes a file of mode 0600 whole or not at all, and durably: content first, then its name. */
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Of files that a crash has left unfinished. */
export const unfinishedSuffix = ".new";

/** `temporary`: beside it; one of its own where several may write at once. */
export async function replaceFile(
  path: string,
  text: string,
  temporary = `${path}${unfinishedSuffix}`,
): Promise<void> {
  try {
    // One that is left over may have been opened by others: it is not written to.
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
