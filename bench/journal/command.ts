/**
 * What durability costs and what recovery takes: events per second through decide, journal and
 * evolve; single-task submissions per second over gRPC; restarts with and without a snapshot.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { createClient } from "../../cli/client.js";
import { nodeFileSystem } from "../../master/journal/file-system.js";
import { inspectJournal } from "../../master/journal/inspect.js";
import { openSegmentedJournal } from "../../master/journal/segmented-file.js";
import { restore } from "../../master/shell/recovery.js";
import { takeSnapshot } from "../../master/shell/take-snapshot.js";
import { expectOk, withCluster } from "../cluster.js";
import { argv, benchJob, benchTemplate } from "../jobs.js";
import { printTable, type Row, round, writeJson } from "../report.js";
import { countingFileSystem } from "./counting.js";
import { live } from "./life.js";

export const journalBench = () =>
  new Command("journal")
    .description("events and submissions per second, syncs, and what recovery takes")
    .option("--events <n>", "events of the journal that is recovered", Number, 1_000_000)
    .option("--submissions <n>", "jobs of one task, over gRPC; 0: none", Number, 50_000)
    .option("--clients <n>", "that submit at once", Number, 8)
    .option("--batch <n>", "jobs per call", Number, 100)
    .option("--recover <directory>", "measure only the recovery of this journal, and print JSON")
    .option("--directory <path>", "where the journals are written", tmpdir())
    .option("--json <file>", "write the figures here")
    .action(async ({ events, submissions, clients, batch, recover, directory, json }) => {
      if (recover !== undefined) return printRecovery(recover);
      const rows: Row[] = [];
      const say = (what: string, value: number, unit: string, bar: string): void => {
        rows.push({ what, value: round(value), unit, bar });
      };
      await benchEvents(events, directory, say);
      if (submissions > 0) await benchSubmissions({ submissions, clients, batch }, say);
      printTable("journal", rows);
      writeJson(json, { rows, events, submissions, clients, batch });
    });

type Say = (what: string, value: number, unit: string, bar: string) => void;

async function benchEvents(events: number, parent: string, say: Say): Promise<void> {
  const directory = await mkdtemp(join(parent, "almanac-bench-journal-"));
  try {
    const fileSystem = countingFileSystem(nodeFileSystem);
    const journal = await openSegmentedJournal({ directory, fileSystem });
    const beganMs = performance.now();
    const cpuBefore = process.cpuUsage();
    const { seq } = await live(journal, events);
    const seconds = (performance.now() - beganMs) / 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    await journal.close();
    say("decide, journal, evolve", seq / seconds, "events/s", "60000");
    say("  per second of cpu", seq / ((cpu.user + cpu.system) / 1e6), "events/s", "");
    say("  syncs", fileSystem.syncs(), "fdatasync", "");
    say("  events per sync", seq / fileSystem.syncs(), "events", "");
    say("  journal", fileSystem.bytes() / 2 ** 20, "MiB", "");
    sayRecovery(`recovery of ${seq} events`, directory, "20", say);
    const snapshotMs = performance.now();
    const taken = await takeSnapshot(nodeFileSystem, directory);
    if (taken === null) return;
    say("taking a snapshot", (performance.now() - snapshotMs) / 1_000, "s", "");
    say("  snapshot", taken.bytes / 2 ** 20, "MiB", "");
    say("  events behind it", seq - taken.sequence, "events", "");
    sayRecovery("recovery with the snapshot", directory, "5", say);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** In a process of its own, whose memory holds nothing else. */
function sayRecovery(what: string, directory: string, bar: string, say: Say): void {
  const entry = process.argv[1] ?? "";
  const args = ["--expose-gc", entry, "journal", "--recover", directory];
  const { stdout, status } = spawnSync(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the recovery ended with ${status}`);
  const { seconds, cpuSeconds, restMiB, heapMiB } = JSON.parse(stdout);
  say(what, Number(seconds), "s", bar);
  say("  cpu", Number(cpuSeconds), "s", "");
  say("  memory at rest after it", Number(restMiB), "MiB", "");
  say("  of it the heap", Number(heapMiB), "MiB", "");
}

async function printRecovery(directory: string): Promise<void> {
  const beganMs = performance.now();
  const journal = await openSegmentedJournal({ directory });
  const { state } = await restore(nodeFileSystem, directory, journal);
  const seconds = (performance.now() - beganMs) / 1_000;
  const cpu = process.cpuUsage();
  await journal.close();
  global.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const figures = {
    events: state.seq,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    restMiB: rss / 2 ** 20,
    heapMiB: heapUsed / 2 ** 20,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

interface Load {
  readonly submissions: number;
  readonly clients: number;
  readonly batch: number;
}

/** Against a master of its own process; what it acknowledged is durable. */
async function benchSubmissions({ submissions, clients, batch }: Load, say: Say): Promise<void> {
  await withCluster({ workers: [], planner: null }, async ({ cluster, directory }) => {
    const spec = benchJob("load", benchTemplate(argv("true"), 1_000), [{}]);
    const perClient = Math.ceil(submissions / clients);
    const cpuBefore = cpuSecondsOf(cluster.master.pid());
    const beganMs = performance.now();
    const callsMs: number[] = [];
    await Promise.all(
      Array.from({ length: clients }, async () => {
        const client = createClient(cluster.address);
        for (let sent = 0; sent < perClient; sent += batch) {
          const size = Math.min(batch, perClient - sent);
          const one = { spec, idempotencyKey: "", dryRun: false };
          const calledMs = performance.now();
          const outcomes = expectOk(
            await client.submitBatch(Array.from({ length: size }, () => one)),
          );
          callsMs.push(performance.now() - calledMs);
          outcomes.forEach(expectOk);
        }
        client.close();
      }),
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    const cpuSeconds = cpuSecondsOf(cluster.master.pid()) - cpuBefore;
    say("durable submissions over gRPC", (perClient * clients) / seconds, "jobs/s", "5000");
    say("  per second of the master's cpu", (perClient * clients) / cpuSeconds, "jobs/s", "");
    const journal = join(directory, "master", "journal");
    const { segments } = await inspectJournal(nodeFileSystem, journal);
    const syncs = segments.reduce((sum, { groups }) => sum + groups, 0);
    say("  syncs", syncs, "fdatasync", "");
    say("  jobs per sync", (perClient * clients) / syncs, "jobs", "");
    say("  a call", callsMs.reduce((sum, ms) => sum + ms, 0) / callsMs.length, "ms", "");
  });
}

/** User and system time of a process, in hundredths of a second as Linux counts it. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
