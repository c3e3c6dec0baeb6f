import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noResources } from "../core/resources.js";
import { startAgent } from "./agent.js";
import { readProcess, signal } from "./drivers/process/proc.js";
import { argv, launch, newAttempt, shell } from "./testing/launches.js";
import { startRecordingMaster } from "./testing/recording-master.js";
import { bundleSupervisor, type SupervisorBundle } from "./testing/supervisor-bundle.js";
import {
  fileText,
  goneWithin,
  startWorkerFixture,
  type WorkerFixture,
} from "./testing/worker-fixture.js";

let bundle: SupervisorBundle;
let worker: WorkerFixture;

beforeAll(async () => {
  bundle = await bundleSupervisor();
});
afterAll(() => bundle.remove());
beforeEach(async () => {
  worker = await startWorkerFixture(bundle.entry);
});
afterEach(() => worker.close());

/** A program that writes a line when it starts, waits for a file, and ends with a code. */
function gated(
  name: string,
  exitCode: number,
): { script: string; starts: () => number; go: string } {
  const witness = join(worker.dataDirectory, `${name}.starts`);
  const go = join(worker.dataDirectory, `${name}.go`);
  const script = `echo x >>${witness}; while [ ! -e ${go} ]; do sleep 0.01; done; exit ${exitCode}`;
  return { script, go, starts: () => readFileSync(witness, "utf8").length / 2 };
}

const open = (path: string): void => {
  writeFileSync(path, "");
};

describe("a worker runs what its master launches", () => {
  test("it says hello, then reports the start and the exit code", async () => {
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, shell("exit 7")));
    const started = await worker.master.startOf(attempt);
    const finished = await worker.master.finishOf(attempt);
    expect(started.pid).toBeGreaterThan(0);
    expect(finished.outcome).toEqual({ kind: "exited", exitCode: 7 });
    expect(finished.startedAtMs).toBe(started.startedAtMs);
    expect(worker.master.hellos[0]?.facts).toMatchObject({ name: "w1", labels: { zone: "a" } });
  });

  test("what cannot be started is reported in words, and never as started", async () => {
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, argv("no-such-program")));
    const { outcome, startedAtMs } = await worker.master.finishOf(attempt);
    expect(outcome).toEqual({ kind: "not_started", message: "program no-such-program: not found" });
    expect(startedAtMs).toBeNull();
    expect(worker.master.started).toEqual([]);
  });

  test("an attempt past its time limit is stopped and reported as timed out", async () => {
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, argv("sleep", "60"), { timeoutMs: 100 }));
    const { outcome, startedAtMs, endedAtMs } = await worker.master.finishOf(attempt);
    expect(outcome).toEqual({ kind: "timed_out" });
    expect(endedAtMs - (startedAtMs ?? 0)).toBeGreaterThanOrEqual(99);
  });

  test("a cancelled attempt is stopped, by force after its grace", async () => {
    const attempt = newAttempt();
    const ready = join(worker.dataDirectory, "ready");
    const script = `trap '' TERM; echo x >${ready}; while :; do sleep 0.05; done`;
    worker.master.launch(launch(attempt, shell(script)));
    await fileText(ready);
    const stoppedAtMs = Date.now();
    worker.master.stop({ attempt, epoch: 1, reason: "cancelled", graceMs: 150 });
    const { outcome, endedAtMs } = await worker.master.finishOf(attempt);
    expect(outcome).toEqual({ kind: "cancelled" });
    expect(endedAtMs - stoppedAtMs).toBeGreaterThanOrEqual(149);
  });

  test("a launch past the worker's capacity is refused", async () => {
    const attempt = newAttempt();
    const resources = { ...noResources, cpuMillis: 64_001 };
    worker.master.launch(launch(attempt, argv("true"), { resources }));
    const refused = await worker.master.waitFor("a refusal", () => worker.master.refused[0]);
    expect(refused).toMatchObject({ attempt, reason: "no_capacity" });
  });

  test("what is being stopped keeps its place until it has gone", async () => {
    const { master } = worker;
    const [dying, next, beside] = [newAttempt(), newAttempt(), newAttempt()];
    const resources = { ...noResources, cpuMillis: 40_000 };
    const ready = join(worker.dataDirectory, "ready");
    const script = `trap '' TERM; echo x >${ready}; while :; do sleep 0.05; done`;
    master.launch(launch(dying, shell(script), { resources }));
    await fileText(ready);
    const { pid } = await master.startOf(dying);
    master.stop({ attempt: dying, epoch: 1, reason: "cancelled", graceMs: 700 });
    master.launch(launch(next, argv("true"), { resources }), launch(beside, argv("true")));
    // What fits beside it does not wait.
    await master.startOf(beside);
    expect(readProcess(pid)).not.toBeNull();
    await master.startOf(next);
    expect(readProcess(pid)).toBeNull();
    expect((await master.finishOf(next)).outcome).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("two hundred launches in one message all run", async () => {
    const attempts = Array.from({ length: 200 }, () => newAttempt());
    worker.master.launch(...attempts.map((attempt) => launch(attempt, argv("true"))));
    const { finished } = worker.master;
    await worker.master.waitFor("all ends", () => finished.length === 200, 20_000);
    expect(finished.every((one) => one.outcome.kind === "exited")).toBe(true);
  });
});

describe("each attempt starts at most once, ever", () => {
  test("a repeated launch is answered with the attempt's state", async () => {
    const attempt = newAttempt();
    const program = gated("once", 3);
    const same = launch(attempt, shell(program.script));
    worker.master.launch(same, same);
    worker.master.launch(same);
    await worker.master.startOf(attempt);
    worker.master.launch(same);
    await worker.master.waitFor("an answer", () => worker.master.started.length >= 2);
    open(program.go);
    await worker.master.finishOf(attempt);
    await sleep(100);
    worker.master.launch(same);
    await worker.master.waitFor("a second report", () => worker.master.finished.length >= 2);
    expect(program.starts()).toBe(1);
    expect(new Set(worker.master.started.map((one) => one.pid)).size).toBe(1);
  });

  test("a launch that was refused is refused again, though there is room by now", async () => {
    const [large, other] = [newAttempt(), newAttempt()];
    const resources = { ...noResources, cpuMillis: 64_000 };
    const program = gated("large", 0);
    const { master } = worker;
    master.launch(launch(large, shell(program.script), { resources }));
    await master.startOf(large);
    const copy = launch(other, argv("true"), { resources });
    master.launch(copy);
    await master.waitFor("a refusal", () => master.refused[0]);
    open(program.go);
    await master.finishOf(large);
    master.launch(copy);
    await master.waitFor("another refusal", () => master.refused[1]);
    expect(master.refused.map(({ attempt }) => attempt)).toEqual([other, other]);
    expect(master.started.map(({ attempt }) => attempt)).toEqual([large]);
  });

  test("commands of an older epoch are refused, by the next supervisor too", async () => {
    const [first, old, later] = [newAttempt(), newAttempt(), newAttempt()];
    worker.master.launch(launch(first, argv("sleep", "60"), { epoch: 5 }));
    await worker.master.startOf(first);
    worker.master.launch(launch(old, argv("true"), { epoch: 4 }));
    worker.master.stop({ attempt: first, epoch: 4, reason: "cancelled", graceMs: 0 });
    const { master } = worker;
    await master.waitFor("two refusals", () => master.refused.length === 2);
    expect(master.refused.map((one) => one.reason)).toEqual(["stale_epoch", "stale_epoch"]);
    expect(master.finished).toEqual([]);

    master.welcome = { ...master.welcome, epoch: 5 };
    signal(worker.agent.supervisorPid(), "SIGKILL");
    await master.waitFor("a new hello", () => master.hellos[1], 10_000);
    expect(master.hellos[1]?.epochSeen).toBe(5);
    master.launch(launch(later, argv("true"), { epoch: 4 }));
    await master.waitFor("the third refusal", () => master.refused.length === 3);
  });
});

describe("a report is kept until a master has it", () => {
  test("it is told again in each hello until it is acknowledged, and then no more", async () => {
    const { master } = worker;
    master.acknowledging = false;
    const attempt = newAttempt();
    master.launch(launch(attempt, shell("exit 9")));
    await master.finishOf(attempt);
    master.disconnect();
    const second = await master.waitFor("a second hello", () => master.hellos[1]);
    expect(second.unacknowledged.map((one) => one.attempt)).toEqual([attempt]);
    master.acknowledging = true;
    await sleep(200);
    master.disconnect();
    const third = await master.waitFor("a third hello", () => master.hellos[2]);
    expect(third.unacknowledged).toEqual([]);
    expect(third.incarnation).toEqual(second.incarnation);
  });

  test("the master's commands are acknowledged once they are durable", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    master.launch(launch(attempt, argv("sleep", "60")));
    await master.startOf(attempt);
    await master.waitFor(
      "an acknowledgement",
      () => (master.messages.at(-1)?.acknowledged ?? 0) > 1,
    );
  });
});

describe("an agent may be killed at any instant", () => {
  test("its attempts go on, and their exit codes are kept for the next one", async () => {
    const { master } = worker;
    await worker.agent.stop({ stopSupervisor: false });
    const agent = await worker.spawnAgent(bundle.agentEntry);
    await master.waitFor("its hello", () => master.hellos[1]);
    const [short, long] = [newAttempt("short"), newAttempt("long")];
    const [a, b] = [gated("short", 11), gated("long", 12)];
    master.launch(launch(short, shell(a.script)), launch(long, shell(b.script)));
    const started = await master.startOf(long);
    const { pid } = await master.startOf(short);
    agent.kill("SIGKILL");
    await master.waitFor("the session to break", () => !master.sessionOpen());
    open(a.go);
    await goneWithin(pid, 5_000);
    await sleep(100);

    await worker.restartAgent();
    const hello = await master.waitFor("a third hello", () => master.hellos[2]);
    expect(hello.incarnation).toEqual(master.hellos[0]?.incarnation);
    expect(hello.live).toEqual([started]);
    expect(hello.unacknowledged).toMatchObject([
      { attempt: short, outcome: { kind: "exited", exitCode: 11 } },
    ]);
    open(b.go);
    const end = await master.finishOf(long);
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 12 });
    expect([a.starts(), b.starts()]).toEqual([1, 1]);
  });

  test("attempts that the master has given up are killed at the welcome, the others kept", async () => {
    const { master } = worker;
    const [kept, lost] = [newAttempt("kept"), newAttempt("lost")];
    master.launch(launch(kept, argv("sleep", "60")), launch(lost, argv("sleep", "60")));
    const { pid } = await master.startOf(kept);
    await master.startOf(lost);
    master.welcome = { ...master.welcome, keep: [kept], kill: [lost] };
    master.disconnect();
    expect((await master.finishOf(lost)).outcome).toEqual({ kind: "cancelled" });
    expect(readProcess(pid)).not.toBeNull();
  });
});

describe("a supervisor may be killed at any instant", () => {
  test("the next one stops what was left and reports it as lost, under a new session", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    const program = gated("orphan", 0);
    const same = launch(attempt, shell(program.script));
    master.launch(same);
    const { pid } = await master.startOf(attempt);
    signal(worker.agent.supervisorPid(), "SIGKILL");
    const hello = await master.waitFor("a new hello", () => master.hellos[1], 10_000);
    expect(readProcess(pid)).toBeNull();
    expect(hello.incarnation.session).not.toBe(master.hellos[0]?.incarnation.session);
    expect(hello.live).toEqual([]);
    expect(hello.unacknowledged).toMatchObject([
      { attempt, outcome: { kind: "supervisor_lost" }, startedAtMs: expect.any(Number) },
    ]);
    master.launch(same);
    await sleep(100);
    expect(program.starts()).toBe(1);
  });

  test("ends that were recorded before are reported as they were", async () => {
    const { master } = worker;
    master.acknowledging = false;
    const attempt = newAttempt();
    master.launch(launch(attempt, shell("exit 21")));
    await master.finishOf(attempt);
    signal(worker.agent.supervisorPid(), "SIGKILL");
    const hello = await master.waitFor("a new hello", () => master.hellos[1], 10_000);
    expect(hello.unacknowledged[0]?.outcome).toEqual({ kind: "exited", exitCode: 21 });
    master.acknowledging = true;
  });
});

describe("leases", () => {
  test("while the master acknowledges, an attempt outlives its lease's length", async () => {
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, argv("sleep", "60"), { stopWhenLostAfterMs: 250 }));
    const { pid } = await worker.master.startOf(attempt);
    await sleep(600);
    expect(readProcess(pid)).not.toBeNull();
  });

  test("without acknowledgements it is stopped, and one that is to be kept goes on", async () => {
    const { master } = worker;
    const [stops, keeps] = [newAttempt("stops"), newAttempt("keeps")];
    master.launch(launch(stops, argv("sleep", "60"), { stopWhenLostAfterMs: 300 }));
    master.launch(launch(keeps, argv("sleep", "60")));
    const { pid } = await master.startOf(keeps);
    await master.startOf(stops);
    const silentAtMs = Date.now();
    master.acknowledging = false;
    const end = await master.finishOf(stops);
    expect(end.outcome).toEqual({ kind: "lease_expired" });
    expect(end.endedAtMs - silentAtMs).toBeGreaterThan(150);
    expect(end.endedAtMs - silentAtMs).toBeLessThan(3_000);
    expect(readProcess(pid)).not.toBeNull();
    master.acknowledging = true;
  });

  test("the supervisor stops it even when the agent is dead", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    master.launch(launch(attempt, argv("sleep", "60"), { stopWhenLostAfterMs: 300 }));
    const { pid } = await master.startOf(attempt);
    await worker.agent.stop({ stopSupervisor: false });
    await goneWithin(pid, 5_000);
    await worker.restartAgent();
    expect((await master.finishOf(attempt)).outcome).toEqual({ kind: "lease_expired" });
  });
});

describe("an agent that stands still past the lease", () => {
  test("finds its attempt stopped when it goes on, and reports that once", async () => {
    const { master } = worker;
    await worker.agent.stop({ stopSupervisor: false });
    const agent = await worker.spawnAgent(bundle.agentEntry);
    await master.waitFor("its hello", () => master.hellos[1]);
    const attempt = newAttempt();
    master.launch(launch(attempt, argv("sleep", "60"), { stopWhenLostAfterMs: 300 }));
    const { pid } = await master.startOf(attempt);
    agent.kill("SIGSTOP");
    await goneWithin(pid, 5_000);
    agent.kill("SIGCONT");
    expect((await master.finishOf(attempt)).outcome).toEqual({ kind: "lease_expired" });
    await sleep(100);
    expect(master.finished.filter((one) => one.attempt === attempt)).toHaveLength(1);
    agent.kill("SIGKILL");
    await worker.restartAgent();
  });
});

describe("what cannot work is said, or waited for", () => {
  test("a master of an older epoch is left alone, and what it sends is not done", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    master.welcome = { ...master.welcome, epoch: 8 };
    master.disconnect();
    await master.waitFor("a hello", () => master.hellos[1]);
    master.welcome = { ...master.welcome, epoch: 7, kill: [attempt] };
    master.disconnect();
    await master.waitFor("a further hello", () => master.hellos[3], 10_000);
    expect(master.hellos[2]?.epochSeen).toBe(8);
    master.launch(launch(attempt, argv("true"), { epoch: 7 }));
    await sleep(200);
    expect(master.started).toEqual([]);
  });

  test("a master that goes and comes back finds its worker again", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    master.launch(launch(attempt, argv("sleep", "60")));
    const started = await master.startOf(attempt);
    await master.close();
    const next = await startRecordingMaster(Number(master.address.split(":")[1]));
    const hello = await next.waitFor("a hello", () => next.hellos[0], 10_000);
    expect(hello.live).toEqual([started]);
    await next.close();
  });

  test("a supervisor that cannot start is an error that names its log", async () => {
    const directory = mkdtempSync(join(tmpdir(), "almanac-broken-"));
    writeFileSync(join(directory, "attempts.log"), "damaged\ndamaged\ndamaged\n");
    const broken = startAgent({ ...worker.options, dataDirectory: directory });
    await expect(broken).rejects.toThrow(/supervisor\.log/);
    expect(readFileSync(join(directory, "supervisor.log"), "utf8")).toMatch(/damaged at byte 0/);
    rmSync(directory, { recursive: true });
  });
});

describe("a worker that is stopped", () => {
  test("stops its attempts, reports them, and leaves no process", async () => {
    const { master } = worker;
    const attempt = newAttempt();
    master.launch(launch(attempt, argv("sleep", "60")));
    const { pid } = await master.startOf(attempt);
    const supervisor = worker.agent.supervisorPid();
    await worker.agent.stop({ stopSupervisor: true });
    await goneWithin(supervisor, 5_000);
    expect(readProcess(pid)).toBeNull();
    expect((await master.finishOf(attempt)).outcome).toEqual({ kind: "supervisor_lost" });
    await worker.restartAgent();
  });
});
