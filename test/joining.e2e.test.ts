/**
 * Two machines in two network namespaces: a master on one, a worker and a person on the other, and
 * nothing between them but what the guide tells an operator to type.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Ended,
  ended,
  linkNamespaces,
  namespacesMissing,
  ready,
  removeNamespaces,
  type Served,
  spawnIn,
  stop,
} from "./support/namespaces.js";

const entry = join(resolve(import.meta.dirname, ".."), "dist/cli/main.js");
const tag = `alm${process.pid}`;
const [here, there] = [`${tag}a`, `${tag}b`];
const [hereAddress, thereAddress] = ["10.231.77.1", "10.231.77.2"];
const master = `${hereAddress}:7070`;

/** No namespace of its own. */
const hostItself = "host";

const hindered = namespacesMissing();
const folder = mkdtempSync(join(tmpdir(), "almanac-joining-"));
const servers: ChildProcess[] = [];

/** Each namespace is a machine of its own, with a home of its own. */
function inside(namespace: string, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: join(folder, namespace), NO_COLOR: "1" };
  const argv = [process.execPath, entry, ...args];
  return spawnIn(namespace === hostItself ? null : namespace, { argv, env, cwd: folder });
}

const almanac = (namespace: string, ...args: string[]): Promise<Ended> =>
  ended(inside(namespace, args));

async function serve(namespace: string, ...args: string[]): Promise<Served> {
  const child = inside(namespace, args);
  servers.push(child);
  return ready(child);
}

describe("a cluster whose certificates live three seconds", () => {
  it("runs a task of seven without a fault: sessions pass from one certificate to the next", async () => {
    const life = ["--tls", "on", "--certificate-life-ms", "3000", "--planner", "off"];
    const brief = await serve(hostItself, "master", "--listen", "127.0.0.1:0", ...life);
    const at = ["--master", brief.address];
    const made = await almanac(hostItself, "token", "create", "--worker", "swift", "-q", ...at);
    const offer = ["--cpu", "1", "--speed", "1", "--join", made.said.trim()];
    const worker = await serve(hostItself, "worker", ...at, ...offer);
    expect((await almanac(hostItself, "run", ...at, "--", "sleep", "7")).code).toBe(0);
    await sleep(7_500);
    const status = await almanac(hostItself, "status", "latest", "--json", ...at);
    const [task] = JSON.parse(status.said).tasks;
    expect(task).toMatchObject({ state: "succeeded", attempts: [{ worker: "swift" }] });
    expect(task.attempts).toHaveLength(1);
    await stop(worker.child);
    await stop(brief.child);
  });
});

const token = async (...args: string[]): Promise<string> => {
  const { said, code } = await almanac(here, "token", "create", ...args, "-q", "--master", master);
  if (code !== 0) throw new Error(said);
  return said.trim();
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(hindered !== null)(
  `two machines${hindered === null ? "" : ` (${hindered})`}`,
  () => {
    beforeAll(async () => {
      linkNamespaces([
        { name: here, address: hereAddress },
        { name: there, address: thereAddress },
      ]);
      const planner = `${thereAddress}:7071`;
      await serve(here, "master", "--listen", master, "--planner", planner);
    });

    afterAll(async () => {
      for (const server of servers.reverse()) await stop(server);
      removeNamespaces([here, there]);
    });

    it("have the worker refused that has no token, or a wrong one", async () => {
      const worker = ["worker", "--master", master];
      const bare = await almanac(there, ...worker);
      expect(bare.code).toBe(1);
      expect(bare.said).toContain("has not joined");
      const wrong = (await token("--worker", "nobody")).replace(/^(alm1\.)\w{10}/, "$1aaaaaaaaaa");
      const refused = await almanac(there, ...worker, "--join", wrong);
      expect(refused.code).toBe(1);
      expect(refused.said).toContain("the token is wrong");
    });

    it("run a task on the other one, for a person who has logged in there", async () => {
      const worker = ["worker", "--master", master, "--cpu", "1", "--speed", "1"];
      const first = await serve(there, ...worker, "--join", await token("--worker", "blue"));
      const login = await token("--user", "alice");
      const refused = await almanac(there, "list", "--master", master);
      expect(refused.said).toContain("no certificate for the master");
      expect((await almanac(there, "login", login, "--master", master)).code).toBe(0);
      const run = await almanac(there, "run", "--wait", "--master", master, "--", "echo", "hello");
      expect(run).toMatchObject({ code: 0 });
      const logs = await almanac(there, "logs", "latest", "--master", master);
      expect(logs).toEqual({ code: 0, said: "hello\n" });
      const list = await almanac(here, "list", "--json", "--master", master);
      expect(JSON.parse(list.said)).toMatchObject([{ principal: "alice", state: "succeeded" }]);

      await stop(first.child);
      await serve(there, ...worker); // without a token: it has joined
      const again = await almanac(there, "run", "--wait", "--master", master, "--", "true");
      expect(again).toMatchObject({ code: 0 });
    });

    it("have the planner on the other one, known by its certificate", async () => {
      const planner = ["planner", "--listen", `${thereAddress}:7071`, "--master", master];
      const bare = await almanac(there, ...planner);
      expect(bare.said).toContain("must join first");
      await serve(there, ...planner, "--join", await token("--planner", "thinker"));
      const until = Date.now() + 10_000;
      let health = "";
      while (!health.includes('"state": "connected"') && Date.now() < until) {
        health = (await almanac(here, "health", "--json", "--master", master)).said;
        await sleep(100);
      }
      expect(health).toContain('"state": "connected"');
    });

    it("answer nothing in plain text", async () => {
      for (const [namespace, port] of [
        [here, 7070],
        [there, 7071],
      ] as const) {
        const address = namespace === here ? hereAddress : thereAddress;
        // HTTP/2 in plain text, as a gRPC client without TLS begins. The server may
        // hang up after the first line: that must not end the shell that writes.
        const script = `trap '' PIPE; exec 3<>/dev/tcp/${address}/${port}; printf 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0' >&3; timeout 5 head -c 9 <&3 | od -An -tx1`;
        const answer = execFileSync("ip", [
          "netns",
          "exec",
          there,
          "bash",
          "-c",
          script,
        ]).toString();
        // Nothing, or a TLS alert (0x15): never a settings frame of HTTP/2.
        expect(answer.trim()).toMatch(/^(15 03 |$)/);
      }
    });

    it("part when the worker is forgotten", async () => {
      const forget = await almanac(here, "worker", "forget", "blue", "--master", master);
      expect(forget).toMatchObject({ code: 0 });
      const until = Date.now() + 5_000;
      let workers = "";
      while (!/silent|lost/.test(workers) && Date.now() < until) {
        workers = (await almanac(here, "workers", "--json", "--master", master)).said;
      }
      expect(workers).toMatch(/"state": "(silent|lost)"/);
    });
  },
);
