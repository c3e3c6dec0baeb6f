/**
 * The worker's executable as it comes to a node: alone in an empty directory, with nothing in its
 * environment, on a machine (a network namespace) that shares nothing with the master's but a cable.
 */
import type { ChildProcess } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processesOf, waitUntilGone } from "../cli/cluster/processes.js";
import { buildWorker, bundleWorker } from "../scripts/build-worker.mjs";
import { distEntry } from "./support/entry.js";
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

const root = fileURLToPath(new URL("..", import.meta.url));
const missing = namespacesMissing();
const tag = `als${process.pid}`;
const [office, node] = [`${tag}a`, `${tag}b`];
const master = "10.231.78.1:7070";
const folder = mkdtempSync(join(tmpdir(), "almanac-standalone-"));
const dataDirectories: string[] = [];
const running: ChildProcess[] = [];

/** Those that were stopped before count as present for a while, so tasks say where they must run. */
const on = (name: string): string[] => ["--constraint", `seat = ${name}`];

/** On the master's machine, with the command that people have there. */
const people = (...args: string[]): ChildProcess => {
  const env = { PATH: process.env.PATH, HOME: join(folder, "home"), NO_COLOR: "1" };
  return spawnIn(office, { argv: [process.execPath, distEntry(), ...args], env, cwd: folder });
};
const almanac = (...args: string[]): Promise<Ended> => ended(people("--master", master, ...args));

async function token(name: string, ...more: string[]): Promise<string> {
  const made = await almanac("token", "create", "--worker", name, "-q", ...more);
  if (made.code !== 0) throw new Error(made.said);
  return made.said.trim();
}

/** A directory with the executable and nothing else. */
function freshNode(name: string): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  copyFileSync(join(root, "dist/standalone/almanac"), join(directory, "almanac"));
  return directory;
}

/** On the node, with not even a PATH. */
function bare(directory: string, env: Record<string, string>, ...args: string[]): ChildProcess {
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const argv = ["/usr/bin/env", "-i", ...given, join(directory, "almanac"), ...args];
  return spawnIn(node, { argv, env: { PATH: process.env.PATH }, cwd: directory });
}

function workerArguments(data: string, ...more: string[]): string[] {
  dataDirectories.push(data);
  const offer = ["--cpu", "1", "--memory", "512Mi", "--speed", "1"];
  return ["worker", "--master", master, "--data-directory", data, ...offer, ...more];
}

async function serve(child: ChildProcess): Promise<Served> {
  running.push(child);
  return ready(child);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missing !== null)(
  `the worker's executable${missing === null ? "" : ` (${missing})`}`,
  () => {
    let executable: Awaited<ReturnType<typeof buildWorker>>;

    beforeAll(async () => {
      executable = await buildWorker(root);
      linkNamespaces([
        { name: office, address: "10.231.78.1" },
        { name: node, address: "10.231.78.2" },
      ]);
      await serve(people("master", "--listen", master, "--planner", "off"));
    }, 180_000);

    afterAll(async () => {
      for (const child of running.reverse()) await stop(child);
      for (const directory of dataDirectories) {
        const left = processesOf(directory);
        for (const pid of left) process.kill(pid, "SIGKILL");
        await waitUntilGone(left);
      }
      removeNamespaces([office, node]);
    });

    it("is one file of less than 120 MB, made of a bundle that comes out the same again", async () => {
      expect(executable.bytes).toBeLessThan(120e6);
      const bundle = readFileSync(join(root, "dist/standalone/almanac.cjs"), "utf8");
      expect((await bundleWorker(root)) === bundle).toBe(true);
      expect(bundle).not.toMatch(/\brequire\("[^"]*\.node"\)|onnxruntime/);
    });

    it("says what it is and what it can do", async () => {
      const directory = freshNode("help");
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      expect(await ended(bare(directory, {}, "--version"))).toEqual({
        code: 0,
        said: `${version}\n`,
      });
      const { said } = await ended(bare(directory, {}, "--help"));
      for (const command of ["worker", "join", "doctor"]) expect(said).toContain(`\n  ${command} `);
      const doctor = await ended(bare(directory, {}, "doctor"));
      expect(doctor.said).toMatch(/✓ build .*\d/);
    });

    it("joins by a token from a file, runs tasks, and its supervisor outlives kill -9 of the agent", async () => {
      const directory = freshNode("alone");
      const data = join(folder, "alone-data");
      writeFileSync(join(folder, "token"), `${await token("alone")}\n`, { mode: 0o600 });
      const args = workerArguments(data, "--token-file", join(folder, "token"));
      const first = await serve(bare(directory, {}, ...args));
      const run = await almanac("run", "--wait", "--", "echo", "hello");
      expect(run).toMatchObject({ code: 0 });
      expect(await almanac("logs", "latest")).toEqual({ code: 0, said: "hello\n" });

      const [supervisor = 0] = processesOf(data);
      expect(readlinkSync(`/proc/${supervisor}/exe`)).toBe(join(directory, "almanac"));
      const id = (await almanac("run", "-q", "--", "sh", "-c", "sleep 3; echo over")).said.trim();
      await expect.poll(() => processesOf(data).length, { timeout: 10_000 }).toBeGreaterThan(1);
      first.child.kill("SIGKILL");
      await new Promise((gone) => first.child.once("exit", gone));
      // Its token is spent, and stands in the file still.
      const second = await serve(bare(directory, {}, ...args));
      expect(await almanac("wait", id)).toMatchObject({ code: 0 });
      const status = JSON.parse((await almanac("status", id, "--json")).said);
      expect(status.tasks[0].attempts).toHaveLength(1);
      expect(processesOf(data)).toContain(supervisor);
      expect(await almanac("logs", id)).toEqual({ code: 0, said: "over\n" });
      expect(readdirSync(directory)).toEqual(["almanac"]);
      await stop(second.child);
    });

    it("joins by a token from the environment, which nothing that it starts is told", async () => {
      const directory = freshNode("quiet");
      const data = join(folder, "quiet-data");
      const secret = await token("quiet");
      const args = workerArguments(data, "--labels", "seat=quiet");
      const { child } = await serve(bare(directory, { ALMANAC_JOIN_TOKEN: secret }, ...args));
      const run = await almanac("run", "--wait", ...on("quiet"), "--", "/usr/bin/env");
      expect(run).toMatchObject({ code: 0 });
      expect((await almanac("logs", "latest")).said).not.toContain("ALMANAC_JOIN_TOKEN");
      const [supervisor = 0] = processesOf(data);
      expect(readFileSync(`/proc/${supervisor}/environ`, "utf8")).not.toContain(secret);
      await stop(child);
    });

    it("is refused without a token, and with one that is wrong, used or expired", async () => {
      const directory = freshNode("refused");
      const data = join(folder, "refused-data");
      const used = await token("spent");
      const joining = (text: string): Promise<Ended> =>
        ended(bare(directory, {}, "join", text, "--master", master, "--data-directory", data));
      expect(await ended(bare(directory, {}, ...workerArguments(data)))).toMatchObject({
        code: 1,
        said: expect.stringContaining("has not joined"),
      });
      expect(await ended(bare(directory, {}, "join", "--master", master))).toMatchObject({
        code: 2,
        said: expect.stringContaining("no token was given"),
      });
      const expired = await token("late", "--ttl", "1ms");
      const wrong = used.replace(/^(alm1\.)\w{10}/, "$1aaaaaaaaaa");
      expect((await joining(wrong)).said).toContain("the token is wrong");
      expect((await joining(expired)).said).toContain("has expired");
      expect(await joining(used)).toMatchObject({
        code: 0,
        said: expect.stringContaining("worker spent is a member"),
      });
      rmSync(join(data, "membership"), { recursive: true });
      expect(await joining(used)).toMatchObject({
        code: 1,
        said: expect.stringContaining("used already"),
      });
    });

    it("holds a certificate with which no job can be seen or made", async () => {
      const directory = freshNode("spy");
      const data = join(folder, "spy-data");
      const args = ["--master", master, "--data-directory", data];
      const joined = await ended(bare(directory, {}, "join", await token("spy"), ...args));
      expect(joined.code).toBe(0);
      // Where a person's certificate would lie.
      const credentials = join(folder, "stolen");
      const place = join(credentials, master.replace(":", "_"));
      cpSync(join(data, "membership"), place, { recursive: true });
      for (const call of [["list"], ["run", "--", "true"], ["token", "list"]]) {
        const refused = await almanac("--cli-credentials", credentials, ...call);
        expect(refused.code).toBe(1);
        expect(refused.said).toContain("worker spy may not");
      }
    });

    it("of the next minor version works with this master, of the one after it is refused", async () => {
      const file = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      const [major, minor] = file.version.split(".").map(Number);
      const start = async (name: string, version: string): Promise<ChildProcess> => {
        const directory = join(folder, name);
        mkdirSync(directory);
        writeFileSync(join(directory, "almanac.cjs"), await bundleWorker(root, { version }));
        const program = [process.execPath, join(directory, "almanac.cjs")];
        const joining = ["--join", await token(name), "--labels", `seat=${name}`];
        const args = workerArguments(join(folder, `${name}-data`), ...joining);
        return spawnIn(node, { argv: [...program, ...args], env: {}, cwd: directory });
      };
      const near = await serve(await start("near", `${major}.${minor + 1}.0`));
      const run = await almanac("run", "--wait", ...on("near"), "--", "true");
      expect(run).toMatchObject({ code: 0 });
      const workers = JSON.parse((await almanac("workers", "--json")).said);
      expect(JSON.stringify(workers)).toContain(`"softwareVersion":"${major}.${minor + 1}.0"`);
      await stop(near.child);

      const far = await serve(await start("far", `${major}.${minor + 2}.0`));
      await expect.poll(far.log, { timeout: 10_000 }).toContain("upgrade the master first");
      expect(far.log()).toContain(`version ${major}.${minor + 2}.0, the master is version`);
      const now = JSON.parse((await almanac("workers", "--json")).said);
      expect(JSON.stringify(now)).not.toContain('"far"');
      await stop(far.child);
    });
  },
);
