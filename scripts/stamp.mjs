/**
 * Stamps say from what an output was made: a hash of the contents of its inputs, kept inside the
 * output's own folder, so that whoever removes the folder removes the claim with it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const stampName = ".stamp";

/** Paths, relative to `root`, of the files under `folders` that `accept` takes; sorted. */
export function filesUnder(root, folders, accept) {
  const found = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && accept(path)) found.push(path);
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) visit(folder);
  return found.sort();
}

/** A hash of names and contents; a file that is missing counts as such. */
export function hashOf(root, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const full = join(root, path);
    hash.update(`${path}\0`);
    if (existsSync(full)) hash.update(readFileSync(full));
    hash.update("\0");
  }
  return hash.digest("hex");
}

export function readStamp(root, output) {
  try {
    return readFileSync(join(root, output, stampName), "utf8").trim();
  } catch {
    return "";
  }
}

export function writeStamp(root, output, stamp) {
  writeFileSync(join(root, output, stampName), `${stamp}\n`);
}

/** Called before an output is remade: a run that is cut off in the middle leaves no claim. */
export function clearStamp(root, output) {
  rmSync(join(root, output, stampName), { force: true });
}
