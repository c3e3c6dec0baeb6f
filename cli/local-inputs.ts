/**
 * The files of this machine that a job names: found, and known by their content, before anything is
 * sent. Links are refused: what they lead to may be another file by the time that it is sent.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join, resolve } from "node:path";
import { dataLimits } from "../core/data.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LocalFile } from "../spec/expansion.js";
import { messageOf } from "./failure.js";

export interface LocalInputs {
  /** For the parser of job files. */
  readonly read: (path: string) => Result<readonly LocalFile[]>;
  /** Where each content was found. */
  readonly files: ReadonlyMap<string, LocalContent>;
}

export interface LocalContent {
  readonly path: string;
  readonly sizeBytes: number;
}

const readBytes = 1024 * 1024;

export function localInputs(folder: string): LocalInputs {
  const files = new Map<string, LocalContent>();
  /** Elements of an array name the same file a thousand times. */
  const known = new Map<string, Result<readonly LocalFile[]>>();

  function find(path: string): Result<readonly LocalFile[]> {
    try {
      const found: LocalFile[] = [];
      for (const below of pathsBelow(path, "")) {
        const place = below === "" ? path : join(path, below);
        const content = contentOf(place);
        files.set(content.sha256, { path: place, sizeBytes: content.sizeBytes });
        found.push({ below, ...content });
      }
      if (found.length === 0) return fail("invalid_argument", `${path} holds no files`);
      return ok(found);
    } catch (error) {
      return fail("not_found", messageOf(error));
    }
  }

  return {
    files,
    read(given) {
      const path = resolve(folder, given);
      const found = known.get(path) ?? find(path);
      known.set(path, found);
      return found;
    },
  };
}

/** The plain files at a path, relative to it; the path itself, where it is one, is empty. */
function* pathsBelow(root: string, below: string, depth = 0): Generator<string, void, undefined> {
  const entries = depth === 0 ? listOrNull(root) : readdirSync(join(root, below), withTypes);
  if (entries === null) return yield "";
  if (depth > dataLimits.pathDepth) throw new Error(`${root}: has too many steps`);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* pathsBelow(root, path, depth + 1);
    else if (entry.isFile()) yield path;
    else throw new Error(`${join(root, path)} is a link or no plain file: such inputs are refused`);
  }
}

const withTypes = { withFileTypes: true } as const;

/** null: it is no directory. */
function listOrNull(path: string) {
  try {
    return readdirSync(path, withTypes);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return null;
    throw error;
  }
}

function contentOf(path: string): Omit<LocalFile, "below"> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error(`${path} is no plain file`);
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(readBytes);
    let sizeBytes = 0;
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, read));
      sizeBytes += read;
    }
    return { sha256: hash.digest("hex"), sizeBytes, executable: (stats.mode & 0o111) !== 0 };
  } finally {
    closeSync(fd);
  }
}
