/**
 * Versions of a model on disk:
 *
 *   <root>/<version>/model.onnx, manifest.json
 *   <root>/current                                  a text: the version that is served
 *
 * A version is complete before it has its name, and is never changed but for the state in its
 * manifest; `current` is replaced by a rename. Who reads at any moment, or after any crash, finds a
 * whole version or none. One process writes.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, ModelFailure, parseManifest } from "./manifest.js";

/** Larger is no model of ours, nor one that should be loaded. */
const modelBytesMax = 64 * 1024 * 1024;
const manifestBytesMax = 64 * 1024;

export interface StoredModel {
  readonly version: string;
  readonly manifest: Manifest;
  readonly model: Uint8Array;
}

export interface Registry {
  /** Complete versions, ascending; others are not listed. */
  list(): Promise<readonly string[]>;
  /** Throws ModelFailure if the version is not there or not what its manifest says. */
  read(version: string): Promise<StoredModel>;
  /** Stores a version under the next number; throws ModelFailure if the manifest is not of the model. */
  add(manifest: Manifest, model: Uint8Array): Promise<string>;
  /** Null: none was chosen. */
  current(): Promise<string | null>;
  /** Verifies the version first; null for none. */
  choose(version: string | null): Promise<void>;
  /** Replaces a version's manifest, of the same model. */
  amend(version: string, manifest: Manifest): Promise<void>;
  /** The one that is current stays. */
  remove(version: string): Promise<void>;
}

export async function openRegistry(root: string): Promise<Registry> {
  await mkdir(root, { recursive: true });
  // What a writer that died has left.
  for (const name of await readdir(root)) {
    if (name.startsWith(".new-")) await rm(join(root, name), { recursive: true, force: true });
  }

  const list = async (): Promise<string[]> => {
    const names = await readdir(root);
    return names.filter(isVersion).sort((a, b) => Number(a) - Number(b));
  };
  const current = async (): Promise<string | null> => {
    const text = await readFile(join(root, "current"), "utf8").catch(absent);
    return text !== null && isVersion(text.trim()) ? text.trim() : null;
  };
  const read = async (version: string): Promise<StoredModel> => {
    if (!isVersion(version))
      throw new ModelFailure(`no version "${version}": a number is expected`);
    const folder = join(root, version);
    const text = await readBounded(join(folder, "manifest.json"), manifestBytesMax);
    const manifest = parseManifest(text.toString("utf8"));
    const model = await readBounded(join(folder, "model.onnx"), modelBytesMax);
    verify(manifest, model);
    return { version, manifest, model };
  };

  return {
    list,
    current,
    read,
    async add(manifest, model) {
      if (model.length > modelBytesMax) {
        throw new ModelFailure(`model of ${model.length} bytes: at most ${modelBytesMax}`);
      }
      verify(manifest, model);
      const version = String(Number((await list()).at(-1) ?? 0) + 1);
      const folder = join(root, `.new-${version}`);
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      await writeDurably(join(folder, "model.onnx"), model);
      await writeDurably(join(folder, "manifest.json"), textOf(manifest));
      await syncFolder(folder);
      await rename(folder, join(root, version));
      await syncFolder(root);
      return version;
    },
    async choose(version) {
      if (version === null) await rm(join(root, "current"), { force: true });
      else {
        await read(version);
        await replace(root, "current", `${version}\n`);
      }
      await syncFolder(root);
    },
    async amend(version, manifest) {
      const { model } = await read(version);
      verify(manifest, model);
      await replace(join(root, version), "manifest.json", textOf(manifest));
    },
    async remove(version) {
      if (!isVersion(version)) throw new ModelFailure(`no version "${version}"`);
      if ((await current()) === version) throw new ModelFailure(`version ${version} is current`);
      // Out of sight in one step, then gone.
      const gone = join(root, `.new-removed-${version}`);
      await rename(join(root, version), gone);
      await rm(gone, { recursive: true, force: true });
    },
  };
}

export const sha256Of = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

const isVersion = (name: string): boolean => /^[1-9]\d{0,8}$/.test(name);

const textOf = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

function verify({ sha256, modelBytes }: Manifest, model: Uint8Array): void {
  if (model.length !== modelBytes) {
    throw new ModelFailure(`model.onnx: ${model.length} bytes, the manifest says ${modelBytes}`);
  }
  if (sha256Of(model) !== sha256) {
    throw new ModelFailure("model.onnx: its SHA-256 is not the manifest's");
  }
}

async function readBounded(path: string, bytesMax: number): Promise<Buffer> {
  const { size } = await stat(path).catch((): never => {
    throw new ModelFailure(`${path} is missing`);
  });
  if (size > bytesMax) throw new ModelFailure(`${path}: ${size} bytes, at most ${bytesMax}`);
  return await readFile(path);
}

async function replace(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, `.new-${name}`);
  await writeDurably(path, text);
  await rename(path, join(folder, name));
  await syncFolder(folder);
}

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, "w", 0o644);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
