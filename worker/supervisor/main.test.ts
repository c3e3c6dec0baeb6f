import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readProcess, signal } from "../drivers/process/proc.js";
import { attemptDirectory } from "../ipc/paths.js";
import { argv, launch, newAttempt, shell } from "../testing/launches.js";
import { bundleSupervisor, type SupervisorBundle } from "../testing/supervisor-bundle.js";
import { goneWithin, startWorkerFixture, type WorkerFixture } from "../testing/worker-fixture.js";
import { type SupervisorArguments, startSupervisor } from "./start.js";

let bundle: SupervisorBundle;
let worker: WorkerFixture | null = null;

beforeAll(async () => {
  bundle = await bundleSupervisor();
});
afterAll(() => bundle.remove());
afterEach(async () => {
  await worker?.close();
  worker = null;
});

const supervisorsOf = (dataDirectory: string): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && readProcess(pid) !== null)
    .filter((pid) => commandLine(pid).includes(JSON.stringify(dataDirectory)))
    .filter((pid) => commandLine(pid).includes(bundle.entry));

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

describe("the supervisor's life", () => {
  test("however many are started at once, one stays, and it leaves when nobody needs it", async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "almanac-many-"));
    const given: SupervisorArguments = {
      dataDirectory,
      idleExitMs: 2_500,
      retainedAttemptsMax: 10,
      retainedBytesMax: 1e9,
      docker: null,
      kvm: null,
    };
    for (let n = 0; n < 4; n += 1) startSupervisor([bundle.entry], given);
    const deadline = Date.now() + 5_000;
    while (!existsSync(join(dataDirectory, "supervisor.sock")) && Date.now() < deadline) {
      await sleep(10);
    }
    let alive = supervisorsOf(dataDirectory);
    while (alive.length > 1 && Date.now() < deadline) {
      await sleep(20);
      alive = supervisorsOf(dataDirectory);
    }
    expect(alive).toHaveLength(1);
    await goneWithin(alive[0] ?? 0, 8_000);
    expect(existsSync(join(dataDirectory, "supervisor.sock"))).toBe(false);
    rmSync(dataDirectory, { recursive: true });
  });

  test("it stays while an attempt lives, agent or not", async () => {
    worker = await startWorkerFixture(bundle.entry, { supervisor: { idleExitMs: 100 } });
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, argv("sleep", "2")));
    await worker.master.startOf(attempt);
    const pid = worker.agent.supervisorPid();
    await worker.agent.stop({ stopSupervisor: false });
    await sleep(1_500);
    expect(readProcess(pid)).not.toBeNull();
    await worker.restartAgent();
    const end = await worker.master.finishOf(attempt);
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("at SIGTERM it stops its attempts with their grace, records their ends, and leaves", async () => {
    worker = await startWorkerFixture(bundle.entry);
    const { master } = worker;
    const attempt = newAttempt();
    const script = 'trap "exit 0" TERM; while :; do sleep 0.02; done';
    master.launch(launch(attempt, shell(script), { killGraceMs: 2_000 }));
    const { pid } = await master.startOf(attempt);
    signal(worker.agent.supervisorPid(), "SIGTERM");
    await goneWithin(worker.agent.supervisorPid(), 3_000);
    expect(readProcess(pid)).toBeNull();
    expect((await master.finishOf(attempt)).outcome).toEqual({ kind: "supervisor_lost" });
    await master.waitFor("the next supervisor's hello", () => master.hellos[1], 10_000);
  });

  test("a second agent waits until the first has gone", async () => {
    worker = await startWorkerFixture(bundle.entry);
    const first = worker.agent;
    const second = worker.restartAgent();
    await sleep(400);
    expect(worker.master.hellos).toHaveLength(1);
    await first.stop({ stopSupervisor: false });
    await second;
    await worker.master.waitFor("its hello", () => worker?.master.hellos[1]);
  });
});

describe("what is kept of attempts that are over", () => {
  test("is bounded, the oldest goes first, and a late launch still does not start again", async () => {
    worker = await startWorkerFixture(bundle.entry, { supervisor: { retainedAttemptsMax: 3 } });
    const { master, dataDirectory } = worker;
    const witness = join(dataDirectory, "witness");
    const attempts = Array.from({ length: 8 }, () => newAttempt());
    const launches = attempts.map((one) => launch(one, shell(`echo x >>${witness}`)));
    for (const one of launches) {
      master.launch(one);
      await master.finishOf(one.attempt);
    }
    const kept = (): boolean[] =>
      attempts.map((one) => existsSync(attemptDirectory(dataDirectory, one)));
    await master.waitFor("room to be made", () => kept().filter(Boolean).length === 3);
    expect(kept()).toEqual([false, false, false, false, false, true, true, true]);
    master.launch(...launches);
    await master.waitFor("answers for those kept", () => master.finished.length >= 11);
    await sleep(100);
    expect(readFileSync(witness, "utf8")).toBe("x\n".repeat(8));
  });
});
