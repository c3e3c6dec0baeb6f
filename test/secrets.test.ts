/**
 * Secrets through a cluster of real processes: a task has its values, and nobody else does. What is
 * looked for is looked for everywhere, and found where it is known to be.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster, type WorkerMember } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import type { JobView } from "../core/views.js";
import { digest } from "../worker/ipc/paths.js";
import { filesWith, newCanary, processesWith } from "./support/canary.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob, writtenBy } from "./support/jobs.js";

const [token, key, next] = [newCanary(), newCanary(), newCanary()];
const canaries = [token, key, next];
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

let directory = "";
let cluster: Cluster;
let client: Client;
let worker: WorkerMember;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-secrets-"));
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    workers: [{ name: "a", cpu: "4", speed: 1 }],
    masterArgs: ["--segment-bytes", "4096"],
    planner: null,
  });
  client = createClient(cluster.address);
  const [first] = cluster.workers;
  if (first === undefined) throw new Error("no worker");
  worker = first;
  unwrap(await client.setSecret("default", "token", Buffer.from(token)));
  unwrap(await client.setSecret("default", "key", Buffer.from(key)));
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  if (worker !== undefined) await rm(inMemory(), { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
});

/** Says what it was given by hash, then waits to be let go. */
const holding = (gate: string, more = ""): string => `
name: holding
tasks:
  hold:
    secrets: { TOKEN: token }
    secretFiles: { tls/key: key }
    ${more}
    script: |
      printf %s "$TOKEN" | sha256sum
      sha256sum <"$ALMANAC_SECRETS_DIRECTORY/tls/key"
      stat -c %a "$ALMANAC_SECRETS_DIRECTORY/tls/key"
      until [ -e ${gate} ]; do sleep 0.1; done
`;

const isRunning = (view: JobView): boolean => view.tasks[0]?.state === "running";
const said = (values: readonly string[]): string =>
  `${values.map((value) => `${sha256(value)}  -\n`).join("")}400\n`;

/** The worker's own, in memory. */
const inMemory = (): string =>
  `/dev/shm/almanac-${process.getuid?.() ?? 0}-${digest(realpathSync(worker.dataDirectory))}`;
const attemptsInMemory = (): readonly string[] =>
  existsSync(inMemory()) ? readdirSync(inMemory()) : [];

function expectNowhere(): void {
  for (const canary of canaries) {
    expect(filesWith(canary, directory)).toEqual([]);
    expect(processesWith(canary).filter(({ attempt }) => !attempt)).toEqual([]);
  }
}

describe("a task with secrets", () => {
  it("has them, and nothing and nobody else has, while it runs and afterwards", async () => {
    const gate = join(directory, "gate");
    const id = await submitText(client, holding(gate));
    await untilJob(client, id, isRunning);
    const attempt = `${id}/hold#1`;
    await expect.poll(() => writtenBy(worker.dataDirectory, attempt)).toBe(said([token, key]));
    // What is known to be there is found: in its environment, never on a command line.
    const seen = processesWith(token);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen.map(({ where, attempt: its }) => `${where} ${its}`))).toEqual(
      new Set(["environ true"]),
    );
    expect(filesWith(key, inMemory())).toHaveLength(1);
    expect(statSync(inMemory()).mode & 0o066).toBe(0);
    expectNowhere();
    writeFileSync(gate, "");
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.summary.state).toBe("succeeded");
    expect(view.tasks[0]?.attempts[0]?.secrets).toEqual([
      { name: "key", version: 2 },
      { name: "token", version: 1 },
    ]);
    expect(JSON.stringify(view)).not.toContain(token.slice(0, 20));
    expect(attemptsInMemory()).toEqual([]);
    expectNowhere();
  });

  it("has them again where its node was lost, of which nothing is left", async () => {
    const gate = join(directory, "gate-of-lost");
    const id = await submitText(client, holding(gate, "idempotent: true"));
    await untilJob(client, id, isRunning);
    await expect.poll(attemptsInMemory).toHaveLength(1);
    await worker.killNode();
    await worker.restart();
    const again = `${id}/hold#2`;
    await expect
      .poll(() => writtenBy(worker.dataDirectory, again), { timeout: 60_000 })
      .toBe(said([token, key]));
    expect(attemptsInMemory()).toHaveLength(1);
    expectNowhere();
    writeFileSync(gate, "");
    expect((await untilJob(client, id, jobHasEnded)).summary.state).toBe("succeeded");
    expect(attemptsInMemory()).toEqual([]);
  });

  it("is given the value that counts when it is launched", async () => {
    const id = await submitText(
      client,
      `
name: later
tasks:
  first: { command: [sleep, "2"] }
  then:
    after: [first]
    secrets: { TOKEN: token }
    script: printf %s "$TOKEN" | sha256sum
`,
    );
    const version = unwrap(await client.setSecret("default", "token", Buffer.from(next)));
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.tasks[1]?.attempts[0]?.secrets).toEqual([{ name: "token", version }]);
    expect(await writtenBy(worker.dataDirectory, `${id}/then#1`)).toBe(`${sha256(next)}  -\n`);
    unwrap(await client.setSecret("default", "token", Buffer.from(token)));
  });

  it("goes on with them when the master is killed, and the next one knows them", async () => {
    const gate = join(directory, "gate-of-master");
    const id = await submitText(client, holding(gate));
    await untilJob(client, id, isRunning);
    await cluster.master.kill();
    await cluster.master.restart();
    writeFileSync(gate, "");
    await expect.poll(async () => (await client.get(id)).ok, { timeout: 30_000 }).toBe(true);
    expect((await untilJob(client, id, jobHasEnded)).summary.state).toBe("succeeded");
    const again = await submitText(client, holding(gate));
    expect((await untilJob(client, again, jobHasEnded)).summary.state).toBe("succeeded");
    expectNowhere();
  });

  it("is seen in snapshots by name alone", async () => {
    const master = join(cluster.dataDirectory, "master", "journal");
    await expect
      .poll(() => readdirSync(master).some((name) => name.endsWith(".snapshot")))
      .toBe(true);
    expect(readdirSync(join(cluster.dataDirectory, "master", "secrets", "values"))).toHaveLength(2);
    expectNowhere();
  });
});

describe("almanac secret", () => {
  const almanac = async (args: readonly string[], input: string, command = "secret") => {
    const env = { ...process.env, ALMANAC_CLI_MASTER: cluster.address, COLUMNS: "120" };
    const child = spawn(process.execPath, [distEntry(), command, ...args], {
      env,
      cwd: directory,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
      });
    }
    const closed = once(child, "close");
    // One that is refused at once does not wait for it.
    child.stdin.on("error", () => undefined);
    // As from a program that takes its time.
    await sleep(200);
    child.stdin.end(input);
    const [code] = await closed;
    expect(said).not.toContain(token.slice(0, 20));
    return { code, said };
  };

  it("takes a value from standard input, and shows none", async () => {
    const set = await almanac(["set", "typed", "--namespace", "typing"], `${token}\n`);
    expect(set).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^typed set, version \d+\n$/),
    });
    const list = await almanac(["list", "--namespace", "typing"], "");
    expect(list.said).toMatch(/^SECRET +NAMESPACE +VERSION .*\ntyped +typing +\d+ /);
    const id = await submitText(
      client,
      `
name: typed
namespace: typing
tasks: { t: { secrets: { T: typed }, script: 'printf %s "$T" | sha256sum' } }
`,
    );
    expect((await untilJob(client, id, jobHasEnded)).summary.state).toBe("succeeded");
    expect(await writtenBy(worker.dataDirectory, `${id}/t#1`)).toBe(`${sha256(token)}  -\n`);
  });

  it("rotates the key, and removes", async () => {
    const rotated = await almanac(["rotate"], "");
    expect(rotated.said).toMatch(/^3 values sealed anew, with key [0-9a-f]{16}\n$/);
    expect(await almanac(["remove", "typed", "--namespace", "typing"], "")).toMatchObject({
      code: 0,
    });
    expect((await almanac(["remove", "typed", "--namespace", "typing"], "")).code).not.toBe(0);
  });

  it("goes with one-off work", async () => {
    const given = ["--secret", "T=token", "--secret-file", "k=key", "--wait", "--name", "one-off"];
    const script = 'test -n "$T" && test -s "$ALMANAC_SECRETS_DIRECTORY/k"';
    const run = await almanac([...given, "--", "sh", "-c", script], "", "run");
    expect(run.code).toBe(0);
  });

  it("takes no value as an argument", async () => {
    const refused = await almanac(["set", "typed", "a-value"], "");
    expect(refused.code).toBe(2);
    expect(refused.said).not.toContain("a-value");
  });
});

describe("errors", () => {
  const failed = async (text: string): Promise<string> => {
    const id = await submitText(client, text);
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.summary.state).toBe("failed");
    return view.tasks[0]?.message ?? "";
  };

  it("of calls name the field, have no value, and change nothing", async () => {
    const standing = async () => {
      const { sequence, stateHash } = unwrap(await client.status());
      return [sequence, stateHash];
    };
    const before = await standing();
    const large = Buffer.alloc(64 * 1024 + 1, token);
    const refusals = await Promise.all([
      client.setSecret("default", "two words", Buffer.from(token)),
      client.setSecret("", "a", Buffer.from(token)),
      client.setSecret("default", "a", large),
      client.setSecret("default", "a", Buffer.alloc(0)),
      client.removeSecret("default", "nobody-has-set-it"),
    ]);
    const fields = refusals.map((one) => (one.ok ? "" : one.error.violations[0]?.field));
    expect(fields).toEqual(["name", "namespace", "value", "value", "name"]);
    expect(JSON.stringify(refusals)).not.toContain(token.slice(0, 20));
    expect(await standing()).toEqual(before);
  });

  it("name what is missing, by the field that names it", async () => {
    const spec = `
name: missing
tasks: { t: { secrets: { TOKEN: nobody-has-set-it }, command: ["true"] } }
`;
    const refused = await submitText(client, spec).catch((error: Error) => error.message);
    expect(refused).toBe("a secret that a task is to be given does not exist");
  });

  it("have no values where a program cannot be started", async () => {
    const message = await failed(`
name: unstartable
tasks: { t: { secrets: { TOKEN: token }, workdir: /nowhere, command: ["true"] } }
`);
    expect(message).toContain("/nowhere");
    expectNowhere();
  });

  it("say that a value cannot be a variable's, and which", async () => {
    unwrap(await client.setSecret("default", "binary", Buffer.from([1, 0, 255])));
    const message = await failed(`
name: binary
tasks: { t: { secrets: { TOKEN: binary }, command: ["true"] } }
`);
    expect(message).toContain("TOKEN: the value of secret binary cannot be a variable's");
    unwrap(await client.removeSecret("default", "binary"));
  });

  it("say that a secret was removed before the launch", async () => {
    unwrap(await client.setSecret("default", "short-lived", Buffer.from("x")));
    const text = `
name: removed
tasks:
  wait: { command: [sleep, "2"] }
  t: { after: [wait], secrets: { TOKEN: short-lived }, command: ["true"] }
`;
    const id = await submitText(client, text);
    unwrap(await client.removeSecret("default", "short-lived"));
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.tasks[1]?.message).toContain(
      "namespace default had no secret `short-lived` any more",
    );
  });
});
