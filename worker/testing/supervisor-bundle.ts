/** Bundles the supervisor as the build does, and an agent to be killed, into a private directory. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface SupervisorBundle {
  readonly entry: string;
  readonly agentEntry: string;
  remove(): void;
}

export async function bundleSupervisor(): Promise<SupervisorBundle> {
  const directory = mkdtempSync(join(tmpdir(), "almanac-bundle-"));
  const entry = join(directory, "supervisor.mjs");
  const agentEntry = join(directory, "agent.cjs");
  await Promise.all([
    bundle("../supervisor/main.ts", entry, "esm"),
    bundle("agent-main.ts", agentEntry, "cjs"),
  ]);
  // What is not in the bundles is found as from the source.
  const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
  symlinkSync(modules, join(directory, "node_modules"));
  return { entry, agentEntry, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

const bundle = (source: string, outfile: string, format: "esm" | "cjs"): Promise<unknown> =>
  build({
    entryPoints: [fileURLToPath(new URL(source, import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    // Loaded only where containers are asked for.
    external: ["dockerode"],
    format,
    target: "node20",
    logLevel: "error",
  });
