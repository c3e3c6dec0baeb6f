/** A cluster of two alike workers in a directory of its own, for tests of what goes between them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "../../cli/client.js";
import { type Cluster, startCluster } from "../../cli/dev-cluster.js";
import { distEntry } from "./entry.js";

export interface TwoWorkers {
  /** The test's own; the cluster's data is in its `cluster`. */
  readonly directory: string;
  readonly cluster: Cluster;
  readonly client: Client;
  close(): Promise<void>;
}

/** The workers are `a` and `b`, of two cores each. */
export async function startTwoWorkers(what: string): Promise<TwoWorkers> {
  const directory = await mkdtemp(join(tmpdir(), `almanac-${what}-`));
  const cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    workers: [
      { name: "a", cpu: "2", speed: 1 },
      { name: "b", cpu: "2", speed: 1 },
    ],
  });
  const client = createClient(cluster.address);
  async function close(): Promise<void> {
    client.close();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
  return { directory, cluster, client, close };
}
