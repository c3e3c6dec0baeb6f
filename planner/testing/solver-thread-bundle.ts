/** The solver thread as it ships: a bundle of its own, built for one test file and then removed. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface SolverThreadBundle {
  readonly entry: string;
  remove(): void;
}

export async function bundleSolverThread(): Promise<SolverThreadBundle> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  // Below node_modules, so that packages left out of the bundle are found from it.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "solver-thread-"));
  const entry = join(directory, "solver-thread.mjs");
  await build({
    entryPoints: [join(root, "planner/solver-thread.ts")],
    outfile: entry,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  return { entry, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
