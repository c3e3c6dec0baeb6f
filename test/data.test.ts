/** Inputs and outputs through a real cluster of two workers, and what is refused on the way. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../cli/client.js";
import type { Cluster } from "../cli/dev-cluster.js";
import type { JobView, TaskView } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { outputText, submitWithFiles } from "./support/data.js";
import { jobHasEnded, untilJob } from "./support/jobs.js";
import { startTwoWorkers, type TwoWorkers } from "./support/two-workers.js";

let nodes: TwoWorkers | undefined;
let directory = "";
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  nodes = await startTwoWorkers("data");
  ({ directory, cluster, client } = nodes);
});

afterAll(() => nodes?.close());

async function run(tasks: string): Promise<{ view: JobView; sent: number }> {
  const { id, sent } = await submitWithFiles(client, directory, `name: data\ntasks:\n${tasks}`);
  return { view: await untilJob(client, id, jobHasEnded), sent };
}

const only = (view: JobView): Pick<TaskView, "state" | "reason" | "message"> => {
  const { state, reason, message } = view.tasks.at(-1) as TaskView;
  return { state, reason, message };
};

const textOf = (task: string, path: string): Promise<string> => outputText(client, task, path);

const on = (worker: string): string => `constraints: ["almanac.worker = ${worker}"]`;

describe("files of tasks", () => {
  it("pass from a user to a worker, from there to another, and back, each sent once", async () => {
    await mkdir(join(directory, "in"), { recursive: true });
    await writeFile(join(directory, "in/words.txt"), "one two three\n");
    const tasks = `
  first: { inputs: [./in], script: "tr ' ' '\\n' < in/words.txt > lines.txt", outputs: [lines.txt], ${on("a")} }
  second: { inputs: [{ task: first, output: "*.txt" }], script: "sort -r lines.txt > sorted.txt", outputs: [sorted.txt], ${on("b")} }
`;
    const { view, sent } = await run(tasks);
    expect(only(view)).toEqual({ state: "succeeded", reason: "", message: "" });
    expect(view.tasks.map((task) => task.attempts[0]?.worker)).toEqual(["a", "b"]);
    expect(view.tasks[1]?.attempts[0]?.outputs).toEqual({ files: 1, bytes: 14 });
    expect(await textOf(`${view.summary.id}/second`, "sorted.txt")).toBe("two\nthree\none\n");
    expect([sent, (await run(tasks)).sent]).toEqual([1, 0]);
  });

  it.each([
    ["a symbolic link", "ln -s /etc/shadow out.txt", "out.txt", "is a symbolic link"],
    ["a linked directory", "ln -s /etc out", "out/passwd", "is a symbolic link"],
    ["a hard link", "echo x > a; ln a out.txt", "out.txt", "has another name as well"],
    ["a fifo", "mkfifo out.txt", "out.txt", "is a fifo"],
    ["nothing", "true", "out.txt", "nothing matches"],
    ["too much", "head -c 2000 /dev/zero > out.txt", "out.txt", "may have 1000 in all"],
  ])("are refused where a task leaves %s", async (_what, script, path, words) => {
    const { view } = await run(
      `  bad: { script: "${script}", outputs: [{ path: ${path}, maxBytes: 1000 }] }\n`,
    );
    expect(only(view)).toMatchObject({ state: "failed", reason: "output_failed" });
    expect(only(view).message).toContain(words);
  });

  it("cannot be named outside of the working directory", () => {
    for (const path of ["../x", "/etc/passwd", "a/../../b"]) {
      const text = `name: bad\ntasks:\n  t: { command: [true], outputs: ["${path}"] }\n`;
      expect(parseJob(text, { source: "t", now: 0 })).toMatchObject({ ok: false });
    }
  });

  it("are copies: a task that changes its input changes nobody else's", async () => {
    await writeFile(join(directory, "shared.txt"), "as it was\n");
    const { view } = await run(`
  spoiler: { inputs: [shared.txt], script: "chmod u+w shared.txt; echo spoiled > shared.txt", ${on("a")} }
  reader: { inputs: [shared.txt], after: [spoiler], script: "cp shared.txt seen.txt", outputs: [seen.txt], ${on("a")} }
`);
    expect(await textOf(`${view.summary.id}/reader`, "seen.txt")).toBe("as it was\n");
  });

  it("are refused and named where somebody changed them in a worker's cache or the store", async () => {
    await writeFile(join(directory, "precious.txt"), "precious\n");
    const tasks = `  t: { inputs: [precious.txt], script: "cp precious.txt out.txt", outputs: [out.txt], ${on("b")} }\n`;
    const before = await run(tasks);
    const id = `${before.view.summary.id}/t`;
    expect(contentIn("worker-b/cache").length).toBeGreaterThan(0);
    // In the cache: thrown away, and fetched anew.
    for (const path of contentIn("worker-b/cache")) await writeFile(path, "tampered!");
    const again = await run(tasks);
    expect(await textOf(`${again.view.summary.id}/t`, "out.txt")).toBe("precious\n");
    // In the store: never handed out as what it was.
    for (const path of contentIn("master/blobs")) await writeFile(path, "tampered!");
    await expect(textOf(id, "out.txt")).rejects.toThrow("was changed or damaged");
  });

  it("can be read when every worker has gone", async () => {
    const { view } = await run(`  t: { script: "echo kept > out.txt", outputs: [out.txt] }\n`);
    for (const worker of cluster.workers) await worker.stop();
    expect(await textOf(`${view.summary.id}/t`, "out.txt")).toBe("kept\n");
  });
});

/** Paths of all content below a directory of the cluster. */
function contentIn(place: string): string[] {
  const root = join(directory, "cluster", place, "sha256");
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
  );
}
