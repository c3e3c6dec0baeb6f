import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpec, TaskEntry } from "../core/job.js";
import { validateJob } from "../core/validate-job.js";
import { decompress, readSource } from "./read-source.js";
import { importWfFormat, type WfOptions } from "./wfformat.js";

const run = promisify(execFile);
const options: WfOptions = {
  source: "small.json",
  timeScale: 0.1,
  sizeScale: 1,
  load: "sleep",
  dataDirectory: "/tmp/data",
};

/** a → b, c → d; `raw` comes from outside. */
function diamond(): Record<string, unknown> {
  const task = (
    id: string,
    parents: string[],
    children: string[],
    inputFiles: string[],
    outputFiles: string[],
  ) => ({
    name: id,
    id,
    parents,
    children,
    inputFiles,
    outputFiles,
  });
  return {
    name: "diamond",
    schemaVersion: "1.5",
    workflow: {
      specification: {
        tasks: [
          task("split_ID01", [], ["work_ID02", "work_ID03"], ["raw"], ["x", "y"]),
          task("work_ID02", ["split_ID01"], ["merge_ID04"], ["x"], ["xx"]),
          task("work_ID03", ["split_ID01"], ["merge_ID04"], ["y"], ["yy"]),
          task("merge_ID04", ["work_ID02", "work_ID03"], [], ["xx", "yy"], ["out"]),
        ],
        files: ["raw", "x", "y", "xx", "yy", "out"].map((id, i) => ({
          id,
          sizeInBytes: i * 50_000,
        })),
      },
      execution: {
        makespanInSeconds: 9,
        tasks: ["split_ID01", "work_ID02", "work_ID03", "merge_ID04"].map((id) => ({
          id,
          runtimeInSeconds: 2,
          command: { program: id.slice(0, -5), arguments: [] },
        })),
      },
    },
  };
}

function imported(document: unknown, more: Partial<WfOptions> = {}): JobSpec {
  const result = importWfFormat(JSON.stringify(document), { ...options, ...more });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const data =
  process.env.ALMANAC_BENCH_DATA ?? join(import.meta.dirname, "..", "..", "shared", "bench-data");
const instances = join(data, "wfinstances");

describe.skipIf(!existsSync(instances))("recorded workflows of WfInstances", () => {
  const files = existsSync(instances)
    ? readdirSync(instances).filter((name) => name.endsWith(".gz"))
    : [];

  test.each(files)("%s is imported, every task and dependency of it", async (name) => {
    const bytes = await readFile(join(instances, name));
    const recorded = JSON.parse(gunzipSync(bytes).toString("utf8"));
    const unpacked = decompress(bytes, name);
    if (!unpacked.ok) throw new Error(unpacked.error.message);
    const result = importWfFormat(Buffer.from(unpacked.value).toString("utf8"), {
      ...options,
      source: name,
      timeScale: 0.01,
    });
    if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
    const tasks: { parents?: string[] }[] = recorded.workflow.specification.tasks;
    expect(result.value.tasks).toHaveLength(tasks.length + 1);
    const recordedEdges = tasks.reduce((sum, task) => sum + (task.parents?.length ?? 0), 0);
    const roots = tasks.filter((task) => (task.parents?.length ?? 0) === 0).length;
    expect(result.value.edges).toHaveLength(recordedEdges + roots);
    expect(validateJob(result.value)).toEqual([]);
    expect(JSON.stringify(result.value).length).toBeLessThan(4_000_000);
  });

  test("there are 29 of them", () => {
    expect(files).toHaveLength(29);
  });
});

describe("an import", () => {
  test("keeps the recorded dependencies, and lets the roots wait for the staged inputs", () => {
    const spec = imported(diamond());
    expect(spec.tasks.map((task) => task.name)).toEqual([
      "stage-in",
      "split_ID01",
      "work_ID02",
      "work_ID03",
      "merge_ID04",
    ]);
    expect(spec.edges.map((edge) => [edge.from, edge.to])).toEqual([
      [0, 1],
      [1, 2],
      [1, 3],
      [2, 4],
      [3, 4],
    ]);
  });

  test("says the recorded runtime times the scale as each task's estimate", () => {
    const spec = imported(diamond());
    expect(spec.tasks[1]?.estimate?.p50Ms).toBe(200);
    expect(spec.tasks[1]?.env.WF_MILLIS).toBe("200");
  });

  test("shares one template among tasks of one program", () => {
    const spec = imported(diamond());
    expect(spec.templates.map((template) => template.name)).toEqual([
      "stage-in",
      "split",
      "work",
      "merge",
    ]);
  });

  test("turns hostile task and file names into names below the data directory", () => {
    const document = JSON.parse(
      JSON.stringify(diamond())
        .replaceAll("work_ID02", "../../etc/x; rm -rf /")
        .replaceAll('"raw"', '"/etc/passwd"'),
    );
    const spec = imported(document);
    expect(spec.tasks[2]?.name).toMatch(/^[A-Za-z0-9_.-]+$/);
    expect(spec.tasks[0]?.env.WF_OUTPUTS).toBe("0:0");
    expect(spec.tasks[1]?.env.WF_INPUTS).toBe("0");
  });

  test.each([
    ["a version other than 1.5", '"1.5"', '"1.3"', "schemaVersion", "must be 1.5"],
    [
      "a parent that does not name its child",
      '"children":["merge_ID04"]',
      '"children":[]',
      "parents[0]",
      "does not name `merge_ID04` among its children",
    ],
    [
      "an unknown file",
      '"inputFiles":["x"]',
      '"inputFiles":["zz"]',
      "tasks[1].inputFiles[0]",
      "unknown file `zz`",
    ],
    [
      "two tasks that write one file",
      '"outputFiles":["yy"]',
      '"outputFiles":["xx"]',
      "tasks[2].outputFiles",
      "written by two tasks",
    ],
    [
      "a file of a task that is no ancestor",
      '"inputFiles":["x"]',
      '"inputFiles":["yy"]',
      "tasks[1].inputFiles",
      "not among its ancestors",
    ],
    [
      "a task without a recorded run",
      '{"id":"merge_ID04","runtimeInSeconds"',
      '{"id":"other","runtimeInSeconds"',
      "tasks[3]",
      "no recorded run",
    ],
    [
      "a negative runtime",
      '"runtimeInSeconds":2',
      '"runtimeInSeconds":-2',
      "runtimeInSeconds",
      ">=0",
    ],
  ])("refuses %s, naming the place", (_, from, to, field, message) => {
    const text = JSON.stringify(diamond()).replace(from, to);
    const result = importWfFormat(text, options);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.error.code).toBe("invalid_argument");
    expect(
      result.error.violations.map((one) => `${one.field}: ${one.message}`).join("\n"),
    ).toContain(message);
    expect(result.error.violations.map((one) => one.field).join("\n")).toContain(field);
  });

  test("refuses what is no JSON, a scale of zero and a relative data directory", () => {
    expect(importWfFormat("name: x", options)).toMatchObject({ ok: false });
    expect(importWfFormat("{}", { ...options, timeScale: 0 })).toMatchObject({
      error: { violations: [{ field: "timeScale" }] },
    });
    expect(importWfFormat("{}", { ...options, dataDirectory: "data" })).toMatchObject({
      error: { violations: [{ field: "dataDirectory" }] },
    });
  });
});

describe("sources", () => {
  test("a truncated gz is a typed error", () => {
    const whole = gzipSync(Buffer.from(JSON.stringify(diamond())));
    const result = decompress(whole.subarray(0, whole.length - 20), "cut.gz");
    expect(result).toMatchObject({ ok: false, error: { code: "invalid_argument" } });
    if (!result.ok) expect(result.error.message).toContain("truncated");
  });

  test("a bomb of zeros stops at the limit", () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    expect(decompress(bomb, "bomb.gz", 1_000_000)).toMatchObject({
      error: { code: "limit_exceeded", violations: [{ limit: 1_000_000 }] },
    });
  });

  test("damaged gzip data is a typed error", () => {
    const bytes = gzipSync(Buffer.from("hello hello hello"));
    bytes[12] = 0xff;
    expect(decompress(bytes, "bad.gz")).toMatchObject({
      ok: false,
      error: { code: "invalid_argument" },
    });
  });

  test("a missing file and a directory are typed errors", async () => {
    expect(await readSource("/nonexistent/x", [] as never)).toMatchObject({
      error: { code: "not_found" },
    });
    expect(await readSource("/tmp", [] as never)).toMatchObject({
      error: { code: "invalid_argument" },
    });
  });
});

describe("the program of a task, run by sh", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "almanac-wf-"));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function runTask(
    spec: JobSpec,
    task: TaskEntry | undefined,
    env: Record<string, string> = {},
  ) {
    const program = spec.templates[task?.template ?? -1]?.command;
    if (task === undefined || program?.program.kind !== "argv") throw new Error("no such task");
    const [file = "", ...args] = program.program.argv;
    const started = performance.now();
    const outcome = await run(file, args, {
      env: { PATH: process.env.PATH, ...program.env, ...task.env, ...env },
    }).then(
      () => ({ code: 0, stderr: "" }),
      (error: { code: number; stderr: string }) => ({ code: error.code, stderr: error.stderr }),
    );
    return { ...outcome, elapsedMs: performance.now() - started };
  }

  test("the whole diamond runs: files of the recorded sizes, a witness of each task", async () => {
    const dataDirectory = join(root, "diamond");
    const spec = imported(diamond(), { dataDirectory, timeScale: 0.02 });
    for (const task of spec.tasks) expect(await runTask(spec, task)).toMatchObject({ code: 0 });
    const sizes: number[] = [];
    for (const file of (await readdir(join(dataDirectory, "files"))).sort()) {
      const status = await stat(join(dataDirectory, "files", file));
      sizes.push(status.size);
      // Real blocks, not a hole: reading them later costs what reading costs.
      expect(status.blocks * 512).toBeGreaterThanOrEqual(status.size);
    }
    expect(sizes).toEqual([0, 50_000, 100_000, 150_000, 200_000, 250_000]);
    const witness = await readFile(join(dataDirectory, "witness", "merge_ID04"), "utf8");
    expect(witness).toMatch(/^start \d{10}\.\d{9} 1\nend \d{10}\.\d{9} 1\n$/);
  });

  test("an input that its producer has not written fails the task with 3, and leaves no output", async () => {
    const dataDirectory = join(root, "missing");
    const spec = imported(diamond(), { dataDirectory });
    await runTask(spec, spec.tasks[0]);
    expect(await runTask(spec, spec.tasks[4])).toMatchObject({ code: 3 });
    expect(await readdir(join(dataDirectory, "files"))).toEqual(["0"]);
  });

  test("a data directory of another run is refused, a retry in it is not", async () => {
    const spec = imported(diamond(), { dataDirectory: join(root, "again") });
    expect(await runTask(spec, spec.tasks[0])).toMatchObject({ code: 0 });
    expect(await runTask(spec, spec.tasks[0])).toMatchObject({ code: 4 });
    expect(await runTask(spec, spec.tasks[0], { ALMANAC_ATTEMPT: "2" })).toMatchObject({ code: 0 });
  });

  test("sleep waits the recorded time, divided by the speed of the worker", async () => {
    const spec = imported(diamond(), { dataDirectory: join(root, "sleep"), timeScale: 0.3 });
    await runTask(spec, spec.tasks[0]);
    const plain = await runTask(spec, spec.tasks[1]);
    expect(plain.elapsedMs).toBeGreaterThan(450);
    expect(plain.elapsedMs).toBeLessThan(3000);
    const slow = await runTask(spec, spec.tasks[1], { ALMANAC_WORKER_SPEED: "0.5" });
    expect(slow.elapsedMs).toBeGreaterThan(1000);
  });

  test("cpu burns the recorded time of a core, however long that takes on a busy machine", async () => {
    const dataDirectory = join(root, "cpu");
    const spec = imported(diamond(), { dataDirectory, timeScale: 0.3, load: "cpu" });
    await runTask(spec, spec.tasks[0]);
    const before = await childCpuMs();
    expect(await runTask(spec, spec.tasks[1])).toMatchObject({ code: 0 });
    const burned = (await childCpuMs()) - before;
    expect(burned).toBeGreaterThan(500);
    expect(burned).toBeLessThan(3000);
  });
});

/** Cpu time of children that have ended, from the process's own accounting. */
async function childCpuMs(): Promise<number> {
  const fields = (await readFile("/proc/self/stat", "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
