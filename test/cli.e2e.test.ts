/** The command as a user and a script meet it: a real cluster, real processes, real exit codes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";

const root = resolve(import.meta.dirname, "..");
const entry = join(root, "dist/cli/main.js");

let folder = "";
let cluster: Cluster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "almanac-cli-"));
  const worker = { name: "one", cpu: "2", memory: "1Gi", speed: 1 };
  cluster = await startCluster({ entry, dataDirectory: folder, workers: [worker] });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running extends Promise<Ended> {
  readonly firstLine: Promise<unknown>;
  interrupt(): void;
}

function almanac(args: readonly string[], input = ""): Running {
  const env = { ...process.env, ALMANAC_CLI_MASTER: cluster.address, NO_COLOR: "1" };
  const child = spawn(process.execPath, [entry, ...args], { env, cwd: folder });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.stderr += chunk;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const ended = new Promise<Ended>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done({ code, ...said }));
  });
  const firstLine = once(child.stdout, "data");
  return Object.assign(ended, { firstLine, interrupt: () => void child.kill("SIGINT") });
}

async function json(args: readonly string[], input = "") {
  const { stdout } = await almanac(["--json", ...args], input);
  return JSON.parse(stdout);
}

describe("a job from file to logs", () => {
  it("is submitted from standard input, waited for, and its output printed as it was", async () => {
    const job = `
name: greeting
tasks:
  hello: { script: "echo hello; echo trouble >&2", estimate: 100ms }
  after: { command: [echo, done], after: [hello] }
`;
    const submitted = await almanac(["submit", "-", "--wait", "-q"], job);
    expect(submitted).toMatchObject({ code: 0, stderr: "" });
    const id = submitted.stdout.trim();
    const logs = await almanac(["logs", `${id}/hello`]);
    expect(logs).toEqual({ code: 0, stdout: "hello\n", stderr: "trouble\n" });
    const view = await json(["status", id.slice(0, 6)]);
    expect(view).toMatchObject({ id, name: "greeting", state: "succeeded" });
    expect(view.finishedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(view.dependencies).toEqual([{ from: "hello", to: "after", on: "success" }]);
    const gantt = await almanac(["gantt", id]);
    expect(gantt.stdout).toContain("makespan");
  });

  it("has its output followed from before its start to its end", async () => {
    const first = await json(["run", "--", "sleep", "1"]);
    const script = "echo one; sleep 0.5; echo two";
    const second = await json(["run", "--after", first.jobId, "--", "sh", "-c", script]);
    const logs = await almanac(["logs", "-f", second.jobId]);
    expect(logs).toEqual({ code: 0, stdout: "one\ntwo\n", stderr: "" });
  });

  it("is the same job when it is submitted twice with one key", async () => {
    const args = ["run", "--key", "only-once", "--", "true"];
    const first = await json(args);
    const second = await json(args);
    expect(second).toMatchObject({ jobId: first.jobId, duplicate: true });
  });

  it("is only foreseen by a dry run", async () => {
    const before = await json(["list"]);
    const receipt = await json(["run", "--dry-run", "--estimate", "3s", "--", "sleep", "3"]);
    expect(receipt.forecast.initialPlan.makespanMs).toBeGreaterThan(0);
    expect(receipt.forecast.tasks).toMatchObject([{ reservation: { worker: "one" } }]);
    expect(await json(["list"])).toEqual(before);
  });
});

describe("files", () => {
  const path = (name: string): string => join(folder, name);

  it("go with one command and come back: run --input --output, get, get -o", async () => {
    writeFileSync(path("words.txt"), "pear\napple\n");
    const ran = await almanac([
      ...["run", "--wait", "-q", "--input", "words.txt:in/list.txt", "--output", "out/"],
      ...[
        "--",
        "sh",
        "-c",
        "mkdir out; sort in/list.txt > out/sorted.txt; wc -l < in/list.txt > out/n",
      ],
    ]);
    expect(ran).toMatchObject({ code: 0 });
    const id = ran.stdout.trim();
    expect((await almanac(["get", id, "-q"])).stdout.split("\n").sort()).toEqual([
      "",
      "out/n",
      "out/sorted.txt",
    ]);
    const printed = await almanac(["get", id, "out/sorted.txt", "-o", "-"]);
    expect(printed).toEqual({ code: 0, stdout: "apple\npear\n", stderr: "" });
    expect(await almanac(["get", id, "-o", "fetched"])).toMatchObject({ code: 0 });
    expect(readFileSync(path("fetched/out/sorted.txt"), "utf8")).toBe("apple\npear\n");
    const again = await almanac(["get", id, "-o", "fetched"]);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain("--force writes over it");
    expect(await almanac(["get", id, "-o", "fetched", "--force"])).toMatchObject({ code: 0 });
    const absent = await almanac(["get", id, "nowhere.txt"]);
    expect(absent).toMatchObject({ code: 1 });
    expect(absent.stderr).toContain("left nothing that matches nowhere.txt");
  });

  it("are counted, and not sent, by a dry run", async () => {
    writeFileSync(path("new.txt"), `never sent before ${Date.now()}\n`);
    writeFileSync(
      path("job.yaml"),
      "name: dry\ntasks:\n  t: { command: [cat, new.txt], inputs: [new.txt], estimate: 1s }\n",
    );
    const sizes = { files: 1, bytes: readFileSync(path("new.txt")).length };
    expect(await json(["submit", "job.yaml", "--dry-run"])).toMatchObject({ upload: sizes });
    expect((await almanac(["submit", "job.yaml", "--dry-run"])).stdout).toContain(
      "it would send 1 file",
    );
    // Had the first sent it, there would be nothing to send.
    expect(await json(["submit", "job.yaml", "--dry-run"])).toMatchObject({ upload: sizes });
    expect(await almanac(["submit", "job.yaml", "--wait"])).toMatchObject({ code: 0 });
    expect(await json(["submit", "job.yaml", "--dry-run"])).toMatchObject({
      upload: { files: 0, bytes: 0 },
    });
  });
});

describe("exit codes", () => {
  it("are 3 for work that failed, with the way to its output", async () => {
    const run = await almanac(["run", "--wait", "--", "sh", "-c", "exit 7"]);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain("exited with code 7");
    expect(run.stderr).toContain("almanac logs ");
    expect((await almanac(["wait", "latest"])).code).toBe(3);
  });

  it("are 2 for a wrong file, whose every fault is named with its line", async () => {
    const wrong = "name: x\ntasks:\n  a: { command: [true], after: [b] }\n  c: { command: [] }\n";
    writeFileSync(join(folder, "wrong.yaml"), wrong);
    const { code, stdout } = await almanac(["submit", "wrong.yaml", "--json"]);
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe("invalid_argument");
    expect(error.violations.length).toBeGreaterThan(0);
    expect(error.violations[0]).toMatchObject({
      field: expect.any(String),
      line: expect.any(Number),
    });
  });

  it("are 2 for wrong usage, which with --json is a document too", async () => {
    expect(await json(["list", "--nonsense"])).toMatchObject({
      error: { code: "invalid_argument" },
    });
    expect((await almanac(["list", "--nonsense"])).code).toBe(2);
  });

  it("are 1 for what is not there and 4 where no master answers", async () => {
    expect((await almanac(["status", "nothing"])).code).toBe(1);
    const away = await almanac(["list", "--master", "127.0.0.1:1", "--json"]);
    expect(away.code).toBe(4);
    expect(JSON.parse(away.stdout).error.message).toContain("127.0.0.1:1");
  });

  it("are 5 and 130 for a job that goes on when nobody waits any more", async () => {
    const { jobId } = await json(["run", "--", "sleep", "60"]);
    expect((await almanac(["wait", jobId, "--timeout", "200ms"])).code).toBe(5);
    const waiting = almanac(["wait", jobId]);
    setTimeout(waiting.interrupt, 1_500);
    const { code, stderr } = await waiting;
    expect(code).toBe(130);
    expect(stderr).toContain(`almanac cancel ${jobId}`);
    expect((await json(["status", jobId])).state).toBe("running");
    expect((await almanac(["cancel", jobId])).code).toBe(0);
    expect((await almanac(["wait", jobId])).code).toBe(3);
    expect((await json(["status", jobId])).state).toBe("cancelled");
  });
});

describe("a job that failed", () => {
  it("succeeds when it is retried and its cause is gone", async () => {
    const flag = join(folder, "cause-is-gone");
    const failed = await almanac(["run", "--wait", "--", "test", "-e", flag]);
    expect(failed.code).toBe(3);
    writeFileSync(flag, "");
    expect(await json(["retry", "latest"])).toMatchObject({ tasks: 1 });
    expect((await almanac(["wait", "latest"])).code).toBe(0);
  });
});

describe("views for programs", () => {
  it("are lists as arrays, also where there is one", async () => {
    const [worker, ...others] = await json(["workers"]);
    expect(worker).toMatchObject({ name: "one", state: "connected" });
    expect(others).toEqual([]);
    expect(Array.isArray(await json(["list", "--limit", "1"]))).toBe(true);
  });

  it("follow a job change by change to its end", async () => {
    const { jobId } = await json(["run", "--", "sleep", "0.3"]);
    const { code, stdout } = await almanac(["watch", jobId, "--json"]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ job: { id: jobId, state: "succeeded" } });
  });

  it("end quietly where their reader has gone", async () => {
    const script = `"${process.execPath}" "${entry}" completion bash | head -n 1`;
    const child = spawn("bash", ["-c", `set -o pipefail; ${script}`], { cwd: folder });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("report health, and what doctor finds, by exit code", async () => {
    expect((await almanac(["health"])).code).toBe(0);
    const findings = await json(["doctor"]);
    expect(findings).toContainEqual(expect.objectContaining({ subject: "master", level: "good" }));
  });
});

describe("a cluster that is stopped, killed and started again", () => {
  it("has its wait go on over the death of the master", async () => {
    const waiting = almanac(["run", "--wait", "-q", "--", "sleep", "3"]);
    await waiting.firstLine;
    await cluster.master.kill("SIGKILL");
    await cluster.master.restart();
    expect(await waiting).toMatchObject({ code: 0 });
  });
});
