/** Bundles the supervisor as the build does, into a directory that goes with the test run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface SupervisorBundle {
  readonly entry: string;
  remove(): void;
}

export async function bundleSupervisor(): Promise<SupervisorBundle> {
  const directory = mkdtempSync(join(tmpdir(), "almanac-bundle-"));
  const entry = join(directory, "main.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../supervisor/main.ts", import.meta.url))],
    outfile: entry,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
  });
  return { entry, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
