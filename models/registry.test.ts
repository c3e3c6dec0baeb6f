import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Manifest, parseManifest } from "./manifest.js";
import { openRegistry, sha256Of } from "./registry.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "almanac-registry-"));
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

const model = Uint8Array.of(1, 2, 3, 4);

describe("a registry of models", () => {
  it("gives back what was added, and serves none until one is chosen", async () => {
    const registry = await openRegistry(root);
    const version = await registry.add(manifestOf(model), model);
    expect(await registry.current()).toBeNull();
    await registry.choose(version);
    const again = await openRegistry(root);
    expect(await again.current()).toBe(version);
    expect(new Uint8Array((await again.read(version)).model)).toEqual(model);
    await again.choose(null);
    expect(await again.current()).toBeNull();
  });

  it("numbers versions in order, past nine as well", async () => {
    const registry = await openRegistry(root);
    for (let number = 1; number <= 11; number++) {
      expect(await registry.add(manifestOf(model), model)).toBe(String(number));
    }
    expect((await registry.list()).at(-1)).toBe("11");
  });

  it("neither reads nor chooses a model that is not what its manifest says", async () => {
    const registry = await openRegistry(root);
    const good = await registry.add(manifestOf(model), model);
    const bad = await registry.add(manifestOf(model), model);
    await registry.choose(good);
    await writeFile(join(root, bad, "model.onnx"), Uint8Array.of(1, 2, 3, 5));
    await expect(registry.read(bad)).rejects.toThrow("SHA-256");
    await truncate(join(root, bad, "model.onnx"), 2);
    await expect(registry.choose(bad)).rejects.toThrow("2 bytes, the manifest says 4");
    await writeFile(join(root, bad, "manifest.json"), "{");
    await expect(registry.choose(bad)).rejects.toThrow("not JSON");
    expect(await registry.current()).toBe(good);
    await expect(registry.read("../etc")).rejects.toThrow("a number is expected");
  });

  it("removes what a writer that died has left, and never the current version", async () => {
    const registry = await openRegistry(root);
    const version = await registry.add(manifestOf(model), model);
    await registry.choose(version);
    await writeFile(join(root, ".new-current"), "9\n");
    const again = await openRegistry(root);
    await expect(readFile(join(root, ".new-current"))).rejects.toThrow("ENOENT");
    await expect(again.remove(version)).rejects.toThrow("is current");
  });

  it("names the field that is wrong in a manifest", () => {
    const text = JSON.stringify({ ...manifestOf(model), state: "loved" });
    expect(() => parseManifest(text)).toThrow(/state/);
  });
});

function manifestOf(bytes: Uint8Array): Manifest {
  return {
    version: 1,
    sha256: sha256Of(bytes),
    modelBytes: bytes.length,
    schemaSha256: sha256Of("a schema"),
    features: 3,
    outputs: 4,
    line: "own",
    state: "candidate",
    reason: "",
    origin: "synthetic",
    licence: "",
    seed: 1,
    rows: 10,
    window: { first: 0, last: 9 },
    trainedAtMs: 9,
    entered: { sequence: 10, atMs: 10 },
  };
}
