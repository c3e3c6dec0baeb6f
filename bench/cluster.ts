/** A cluster of processes for a bench, in a directory that goes when the bench ends. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, type ClusterOptions, startCluster } from "../cli/dev-cluster.js";
import type { Result } from "../core/result.js";

export interface Bench {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly directory: string;
}

/** Stops and cleans up whatever happens, Ctrl-C included. */
export async function withCluster<T>(
  options: Omit<ClusterOptions, "entry" | "dataDirectory">,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "almanac-bench-"));
  const cluster = await startCluster({ ...options, entry: entryPoint(), dataDirectory: directory });
  const client = createClient(cluster.address);
  const interrupted = (): void => {
    void cluster.stop().finally(() => process.exit(130));
  };
  process.once("SIGINT", interrupted);
  try {
    return await use({ cluster, client, directory });
  } finally {
    process.off("SIGINT", interrupted);
    client.close();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** `dist/cli/main.js`, from the bundle of a bench as well as from its source. */
function entryPoint(): string {
  for (const candidate of ["./cli/main.js", "../cli/main.js", "../dist/cli/main.js"]) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (path.includes("/dist/") && existsSync(path)) return path;
  }
  throw new Error("dist/cli/main.js is missing: run `npm run build` first");
}

export function expectOk<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}
