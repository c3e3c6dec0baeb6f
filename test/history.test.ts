/** Finished jobs in the archive of a real master: nobody who asks can tell where a job is. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unwrap } from "../cli/failure.js";
import { everyJob, type JobFilter } from "../core/history.js";
import type { JobSpec } from "../core/job.js";
import { job, template } from "../core/testing/jobs.js";
import { openSqliteArchive } from "../master/history/sqlite-archive.js";
import { type TestMaster, testMaster } from "./support/master.js";

const history = { keepFinishedMs: 0, finishedTasksMax: 1_000, keysForMs: 3_600_000 };

let dataDirectory: string;
let master: TestMaster;

const begin = (change: object = {}) => testMaster({}, { dataDirectory, history, ...change });

async function restart(change: object = {}, meanwhile = async (): Promise<void> => {}) {
  await master[Symbol.asyncDispose]();
  await meanwhile();
  master = await begin(change);
}

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "almanac-history-"));
  master = await begin();
});

afterEach(async () => {
  await master[Symbol.asyncDispose]();
  await rm(dataDirectory, { recursive: true, force: true });
});

const archiveFile = () => join(dataDirectory, "history", "archive.db");

const spec = (change: Partial<JobSpec> = {}): JobSpec => ({
  ...job([template("work")]),
  ...change,
});

async function submit(change: Partial<JobSpec> = {}, idempotencyKey = ""): Promise<string> {
  const submission = { spec: spec(change), idempotencyKey, dryRun: false };
  return unwrap(await master.client.submit(submission)).jobId;
}

/** Ended without a worker: cancelled. */
async function finish(change: Partial<JobSpec> = {}, idempotencyKey = ""): Promise<string> {
  const id = await submit(change, idempotencyKey);
  unwrap(await master.client.cancel(id, "", "enough"));
  return id;
}

async function journalText(): Promise<string> {
  const folder = join(dataDirectory, "journal");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".journal")).sort();
  return (await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")))).join("");
}

const archivings = async (id: string): Promise<number> =>
  (await journalText()).split(`"type":"JobArchived","job":"${id}"`).length - 1;

async function archived(id: string, times = 1): Promise<string> {
  for (let waitedMs = 0; (await archivings(id)) < times; waitedMs += 50) {
    if (waitedMs > 30_000) throw new Error(`${id} was not archived`);
    await sleep(50);
  }
  return id;
}

async function listed(filter: Partial<JobFilter> = {}, limit = 2): Promise<string[]> {
  const seen: string[] = [];
  for (let after = ""; ; ) {
    const page = unwrap(await master.client.list({ ...everyJob, ...filter, limit, after }));
    seen.push(...page.jobs.map(({ id }) => id));
    after = page.next;
    if (after === "") return seen;
  }
}

describe("a job in the archive", () => {
  it("is listed, found and shown like one in memory, whatever happens meanwhile", async () => {
    const old = await archived(await finish({ name: "old", metadata: { team: "red" } }));
    const running = await submit({ name: "new", metadata: { team: "red" } });
    const gone = await archived(await finish({ name: "old" }));
    expect(await listed()).toEqual([gone, running, old]);
    expect(await listed({ metadata: { team: "red" } })).toEqual([running, old]);
    expect(await listed({ name: "old" })).toEqual([gone, old]);
    expect(await listed({ states: ["cancelled"] })).toEqual([gone, old]);
    expect(await listed({ principal: "nobody" })).toEqual([]);
    for (const [text, id] of [
      [old, old],
      [old.slice(0, 8), old],
      ["old", gone],
      ["latest", gone],
    ] as const) {
      const view = unwrap(await master.client.get(text));
      expect([view.summary.id, view.tasks[0]?.state]).toEqual([id, "cancelled"]);
    }
    expect(await master.client.get("nosuchjob")).toMatchObject({ error: { code: "not_found" } });
    expect(await master.client.list({ ...everyJob, limit: 1, after: "nosuchjob" })).toMatchObject({
      error: { code: "invalid_argument" },
    });
  });

  it("has ended for whoever waits, watches or cancels", async () => {
    const id = await archived(await finish());
    const reply = await new Promise<boolean>((resolve, reject) => {
      master.wire.wait(
        { jobId: id, timeoutMs: 0 },
        (error, { finished } = { finished: false, job: undefined }) =>
          error === null ? resolve(finished) : reject(error),
      );
    });
    expect(reply).toBe(true);
    const kinds: string[] = [];
    const enough = new AbortController();
    for await (const event of master.client.watch(id, 0, enough.signal)) {
      kinds.push(unwrap(event).change.kind);
      if (kinds.length === 2) enough.abort();
    }
    expect(kinds).toEqual(["snapshot", "task"]);
    expect(await master.client.cancel(id, "", "")).toMatchObject({
      error: { code: "failed_precondition", message: `job ${id} has already cancelled` },
    });
    expect(await master.client.resolve(id, "work", "failed")).toMatchObject({
      error: { code: "failed_precondition" },
    });
  });

  it("comes back to be retried, and is archived again as it then ends", async () => {
    const id = await archived(await finish());
    expect(unwrap(await master.client.retry(id, "")).job.state).toBe("running");
    expect(await listed({ states: ["cancelled"] })).toEqual([]);
    expect(await listed()).toEqual([id]);
    await restart();
    expect(unwrap(await master.client.get(id)).summary.state).toBe("running");
    unwrap(await master.client.cancel(id, "", "again"));
    await archived(id, 2);
    expect(unwrap(await master.client.get(id)).tasks[0]?.message).toBe("again");
    expect(await listed()).toEqual([id]);
  });

  it("is what its idempotency key stands for, and may be come after", async () => {
    const id = await archived(await finish({}, "key"));
    expect(await submit({}, "key")).toBe(id);
    const after = await submit({ after: [{ jobId: id, on: "failure" }] });
    expect(unwrap(await master.client.get(after)).tasks[0]?.state).toBe("ready");
    const vain = await submit({ after: [{ jobId: id, on: "success" }] });
    expect(unwrap(await master.client.get(vain)).tasks[0]?.state).toBe("skipped");
    await restart();
    expect(await submit({}, "key")).toBe(id);
  });
});

describe("an archive", () => {
  it("that is gone or damaged is made anew from the journal, the same as it was", async () => {
    const ids = [await finish({ name: "a" }), await finish({ metadata: { k: "v" } })];
    for (const id of ids) await archived(id);
    await restart({ history: { ...history, keepFinishedMs: 3_600_000 } });
    const before = await Promise.all(ids.map((id) => master.client.get(id)));
    const spoil = async (change: () => Promise<void>) => {
      await restart({}, change);
      expect(await Promise.all(ids.map((id) => master.client.get(id)))).toEqual(before);
      expect(await listed({ metadata: { k: "v" } })).toEqual([ids[1]]);
    };
    await spoil(() => rm(archiveFile()));
    await spoil(async () => {
      await rm(archiveFile());
      const { writeFile } = await import("node:fs/promises");
      await writeFile(archiveFile(), "no archive".repeat(1_000));
    });
    const names = await readdir(join(dataDirectory, "history"));
    expect(names.some((name) => name.startsWith("archive.db.damaged-"))).toBe(true);
  });

  it("that lacks a job after a crash between writing and letting go has it in both", async () => {
    const id = await archived(await finish());
    await master[Symbol.asyncDispose]();
    const archive = openSqliteArchive(archiveFile());
    const row = await archive.get(id);
    expect((await archive.verify(null)).jobs).toBe(1);
    await archive.close(null);
    expect(row).not.toBeNull();
    master = await begin();
    expect(await listed()).toEqual([id]);
  });
});
