/** An entry as it ships: a bundle of its own, built for one test file and then removed. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface Bundles {
  /** The bundle of a source file, named from the repository's root. */
  entry(source: string): string;
  remove(): void;
}

export async function bundle(...sources: readonly string[]): Promise<Bundles> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  // Below node_modules, so that packages left out of the bundle are found from it.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, "bundle-"));
  await build({
    absWorkingDir: root,
    entryPoints: [...sources],
    outdir,
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  return {
    entry: (source) => join(outdir, source.replace(/\.ts$/, ".mjs")),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
