/**
 * What finished jobs cost in memory and in the archive: how fast they move, what is left of them, and
 * how long readers wait for an answer out of many.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { everyJob } from "../../core/history.js";
import type { Archive } from "../../master/history/archive.js";
import { History } from "../../master/history/history.js";
import { pastRecords } from "../../master/history/past-records.js";
import { openSqliteArchive } from "../../master/history/sqlite-archive.js";
import type { Journal } from "../../master/journal/journal.js";
import { archivable } from "../../master/pure/archive.js";
import { archivedJob } from "../../master/pure/archived-job.js";
import type { State } from "../../master/pure/state.js";
import { step } from "../../master/pure/step.js";
import { jobSummary } from "../../master/pure/views.js";
import { expectOk } from "../cluster.js";
import { live } from "../journal/life.js";
import { printTable, type Row, round, writeJson } from "../report.js";

export const historyBench = () =>
  new Command("history")
    .description("finished jobs: memory with and without them, moving them, and reading them")
    .option("--jobs <n>", "finished jobs of one task", Number, 100_000)
    .option("--directory <path>", "where the archive is written", tmpdir())
    .option("--json <file>", "write the figures here")
    .action(async ({ jobs, directory: parent, json }) => {
      const directory = await mkdtemp(join(parent, "almanac-bench-history-"));
      try {
        const rows = await measure(jobs, directory);
        printTable("history", rows);
        writeJson(json, { rows, jobs });
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });

/** Of a job of one task that succeeds: submitted, placed, launched, started, ended three times over. */
const eventsPerJob = 7;
/** As the archivist does it. */
const jobsAtOnce = 1_000;

async function measure(jobs: number, directory: string): Promise<Row[]> {
  const rows: Row[] = [];
  const say = (what: string, value: number, unit: string): void => {
    rows.push({ what, value: round(value, 2), unit });
  };
  const emptyMiB = heapMiB();
  const state = await live(forgetful(), eventsPerJob * jobs, 1);
  say("finished jobs in memory", state.jobs.size, "jobs");
  say("  heap", heapMiB() - emptyMiB, "MiB");
  const path = join(directory, "archive.db");
  const archive = openSqliteArchive(path);
  const beganMs = performance.now();
  const { rendering, moved } = await moveAll(state, archive);
  const seconds = (performance.now() - beganMs) / 1_000;
  say("moved to the archive", moved / seconds, "jobs/s");
  say("  of it in the master's own thread", rendering / moved, "ms/job");
  say("  heap without them", heapMiB() - emptyMiB, "MiB");
  say("  archive", (await stat(path)).size / 2 ** 20, "MiB");
  for (const [what, ask] of questions(state, archive)) {
    const askedMs = performance.now();
    await ask();
    say(what, performance.now() - askedMs, "ms");
  }
  await archive.close(null);
  return rows;
}

async function moveAll(
  state: State,
  archive: Archive,
): Promise<{ readonly rendering: number; readonly moved: number }> {
  let [rendering, moved] = [0, 0];
  const nowMs = state.atMs;
  for (;;) {
    const beganMs = performance.now();
    const due = archivable(state, {
      nowMs,
      keepMs: 0,
      finishedTasksMax: 0,
      isWatched: () => false,
    }).slice(0, jobsAtOnce);
    if (due.length === 0) return { rendering, moved };
    const given = due.map((job) => archivedJob(state, job));
    rendering += performance.now() - beganMs;
    await archive.put(given);
    const evictedMs = performance.now();
    step(state, { type: "Archive", jobs: due.map(({ id }) => id), keysForMs: 0 }, "master", nowMs);
    rendering += performance.now() - evictedMs;
    moved += due.length;
  }
}

function questions(state: State, archive: Archive): [string, () => Promise<unknown>][] {
  const history = new History(state, archive);
  const list = (change: object) => async () =>
    expectOk(
      await history.list({ ...everyJob, limit: 100, after: "", ...change }, (job) =>
        jobSummary(state, job, new Map()),
      ),
    );
  const usage = { namespace: "", principal: "", fromMs: null, beforeMs: null };
  return [
    ["first page of the list", list({})],
    ["a page in the middle", list({ after: "j1000" })],
    ["a page of one user who has none", list({ principal: "nobody" })],
    ["a job by its id", async () => expectOk(await history.locate("j77"))],
    ["a job by its name", async () => expectOk(await history.locate("load"))],
    ["usage of all time", async () => expectOk(await history.usage(usage))],
    ["records for a predictor", () => pastRecords(archive)],
  ];
}

/** Without it the figure includes what nobody needs any more. */
function heapMiB(): number {
  global.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** A journal that keeps nothing: what it would keep is not what is measured. */
function forgetful(): Journal {
  return {
    tail: 0,
    epoch: 0,
    pending: 0,
    append: async () => {},
    async *read() {},
    close: async () => {},
  };
}
