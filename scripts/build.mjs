/**
 * Bundles every entry of the program into dist/, with dependencies left to node_modules.
 * Entries are found by name: `main.ts` starts a process, `*-thread.ts` a worker thread.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder } from "./stamp.mjs";

export const houses = [
  "core",
  "spec",
  "proto",
  "data",
  "master",
  "planner",
  "worker",
  "models",
  "simulation",
  "cli",
  "bench",
  "chaos",
];

const isEntry = (path) => /(^|\/)main\.ts$|-thread\.ts$/.test(path);

/** The files that the bundles are made from. */
export const sourcesOf = (root) =>
  filesUnder(root, houses, (path) => /\.(ts|json|onnx)$/.test(path) && !path.endsWith(".test.ts"));

/** Returns the entries that were built; esbuild's errors are thrown. */
export async function build(root) {
  const { build: bundle } = await import("esbuild");
  const entryPoints = sourcesOf(root).filter(isEntry);
  const outdir = join(root, "dist");
  mkdirSync(outdir, { recursive: true });
  if (entryPoints.length > 0) {
    const { metafile } = await bundle({
      absWorkingDir: root,
      entryPoints,
      outbase: ".",
      outdir,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      sourcemap: true,
      chunkNames: "chunks/[name]-[hash]",
      metafile: true,
      logLevel: "silent",
    });
    removeOthers(root, new Set(Object.keys(metafile.outputs)));
  }
  copyStarter(root, outdir);
  const descriptors = join(root, "proto/gen/descriptors.binpb");
  if (existsSync(descriptors)) {
    const copy = join(outdir, "proto/descriptors.binpb");
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(descriptors, copy);
  }
  return entryPoints;
}

/** The model that is shipped, beside the bundles: an image or an installation is dist/ alone. */
function copyStarter(root, outdir) {
  const files = ["model.onnx", "manifest.json"].map((name) => `models/starter/${name}`);
  if (!files.every((file) => existsSync(join(root, file)))) return;
  mkdirSync(join(outdir, "models/starter"), { recursive: true });
  for (const file of files) copyFileSync(join(root, file), join(outdir, file));
}

/** Outputs of earlier builds. They go last, so that a running program is disturbed least. */
function removeOthers(root, outputs) {
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (/\.js(\.map)?$/.test(path) && !outputs.has(path)) rmSync(join(root, path));
    }
  };
  visit("dist");
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const entries = await build(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
  console.log(`built ${entries.length === 0 ? "nothing: no entries" : entries.join(", ")}`);
}
