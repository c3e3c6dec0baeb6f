/** Content on a mount that master, workers and commands share: none of it goes over the wire. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { outputText } from "./support/data.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob } from "./support/jobs.js";

const execute = promisify(execFile);

let directory = "";
let cluster: Cluster;
let client: Client;
const shared = (): string => join(directory, "mount");
const env = (): Record<string, string> => ({ ALMANAC_DATA_SHARED_DIRECTORY: shared() });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-shared-"));
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    env: env(),
    workers: [
      { name: "a", cpu: "2", speed: 1 },
      { name: "b", cpu: "2", speed: 1 },
    ],
  });
  client = createClient(cluster.address);
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

const almanac = (...args: readonly string[]) =>
  execute(process.execPath, [distEntry(), ...args], {
    cwd: directory,
    env: { ...process.env, ...env(), ALMANAC_CLI_MASTER: cluster.address, NO_COLOR: "1" },
  });

/** Names of what the mount holds. */
const content = (): string[] =>
  readdirSync(join(shared(), "sha256")).flatMap((folder) =>
    readdirSync(join(shared(), "sha256", folder)),
  );

describe("a shared directory", () => {
  it("holds what a user sends and what tasks leave, for users and tasks anywhere", async () => {
    writeFileSync(join(directory, "words.txt"), "pear\napple\n");
    writeFileSync(
      join(directory, "job.yaml"),
      `name: shared
tasks:
  sort: { inputs: [words.txt], script: sort words.txt > sorted.txt, outputs: [sorted.txt], constraints: ["almanac.worker = a"] }
  head: { inputs: [{ task: sort, output: sorted.txt }], script: head -n 1 sorted.txt > first.txt, outputs: [first.txt], constraints: ["almanac.worker = b"] }
`,
    );
    await almanac("submit", "job.yaml", "--wait");
    const got = await almanac("get", "latest/head", "first.txt", "-o", "-");
    expect(got.stdout).toBe("apple\n");
    expect(content()).toHaveLength(3);
    expect(existsSync(join(cluster.dataDirectory, "master/blobs"))).toBe(false);
  });

  it("is never believed: what was changed there is refused, and named", async () => {
    const id = await submitText(
      client,
      'name: kept\ntasks: { t: { script: "echo kept > out.txt", outputs: [out.txt] } }\n',
    );
    expect((await untilJob(client, id, jobHasEnded)).summary.state).toBe("succeeded");
    expect(await outputText(client, `${id}/t`, "out.txt")).toBe("kept\n");
    for (const name of content()) {
      writeFileSync(join(shared(), "sha256", name.slice(0, 2), name), "tampered!");
    }
    await expect(almanac("get", `${id}/t`, "out.txt", "-o", "-")).rejects.toThrow(
      /was changed or\s+damaged/,
    );
  });
});
