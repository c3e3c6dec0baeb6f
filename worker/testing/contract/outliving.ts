/** Of workers whose driver's attempts outlive the supervisor: the next one has them whole. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { signal } from "../../drivers/process/proc.js";
import { openSupervisorSocket } from "../supervisor-socket.js";
import { counted, counting, type LifeBench } from "./life-bench.js";

export function outliving(bench: () => LifeBench, attempts: number): void {
  test("what ran under a killed supervisor goes on, with all its output and its end", async () => {
    const { worker, launchOf, said, until, processesOf, killSupervisor, timeoutMs } = bench();
    const { master } = worker;
    // Some end while nobody is there.
    const lengths = Array.from({ length: attempts }, (_, n) => (n % 2 === 0 ? 60 : 10));
    const all = lengths.map((length, n) => launchOf(counting(length, 10 + n)));
    master.launch(...all);
    for (const one of all) await master.startOf(one.attempt, timeoutMs);
    for (const one of all) await until(one.attempt, "5\n");
    await killSupervisor();
    // A launch repeated is no second start.
    master.launch(...all);
    for (const [n, one] of all.entries()) {
      const end = await master.finishOf(one.attempt, timeoutMs);
      expect(end.outcome).toEqual({ kind: "exited", exitCode: 10 + n });
      expect(await said(one.attempt)).toBe(counted(lengths[n] ?? 0));
      expect(end.stdoutBytes).toBe(counted(lengths[n] ?? 0).length);
      await expect.poll(() => processesOf(one.attempt)).toEqual([]);
    }
  });

  test("a flood goes through two deaths of the supervisor with no byte lost or doubled", async () => {
    const { worker, launchOf, said, until, killSupervisor, timeoutMs } = bench();
    const script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); seq 1 2000; sleep 0.05; done";
    const one = launchOf(script, { logBytesMax: 1 << 23 });
    worker.master.launch(one);
    await until(one.attempt, "1999\n");
    await killSupervisor();
    await sleep(500);
    await killSupervisor();
    const end = await worker.master.finishOf(one.attempt, timeoutMs);
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect((await said(one.attempt)) === counted(2_000).repeat(40)).toBe(true);
  });

  test("it keeps its timeout, counted from its start", async () => {
    const { worker, launchOf, killSupervisor, timeoutMs } = bench();
    const one = launchOf("sleep 600", { timeoutMs: 4_000 });
    worker.master.launch(one);
    const { startedAtMs } = await worker.master.startOf(one.attempt, timeoutMs);
    await killSupervisor();
    const end = await worker.master.finishOf(one.attempt, timeoutMs);
    expect(end.outcome).toEqual({ kind: "timed_out" });
    expect(end.endedAtMs - startedAtMs).toBeLessThan(8_000);
  });

  test("it keeps its lease, which may have ended meanwhile", async () => {
    const { worker, launchOf, timeoutMs } = bench();
    const one = launchOf("sleep 600", { stopWhenLostAfterMs: 1_500 });
    worker.master.launch(one);
    await worker.master.startOf(one.attempt, timeoutMs);
    const supervisor = worker.agent.supervisorPid();
    // Without an agent nobody starts the next supervisor.
    await worker.agent.stop({ stopSupervisor: false });
    signal(supervisor, "SIGKILL");
    await sleep(3_000);
    await worker.restartAgent();
    const end = await worker.master.finishOf(one.attempt, timeoutMs);
    expect(end.outcome).toEqual({ kind: "lease_expired" });
  });

  test("what was paused is still paused, and can go on", async () => {
    const { worker, launchOf, said, until, timeoutMs } = bench();
    const one = launchOf(counting(40, 7));
    const { attempt } = one;
    worker.master.launch(one);
    await until(attempt, "3\n");
    const supervisor = worker.agent.supervisorPid();
    await worker.agent.stop({ stopSupervisor: false });
    const first = await openSupervisorSocket(worker.dataDirectory);
    await first.ask({ kind: "hold", attempt, paused: true }, "held");
    signal(supervisor, "SIGKILL");
    await worker.restartAgent();
    await worker.agent.stop({ stopSupervisor: false });
    const second = await openSupervisorSocket(worker.dataDirectory);
    expect(second.state.paused).toEqual([attempt]);
    const resumed = await second.ask({ kind: "hold", attempt, paused: false }, "held");
    expect(resumed).toMatchObject({ error: null });
    await second.destroy();
    await worker.restartAgent();
    const end = await worker.master.finishOf(attempt, timeoutMs);
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 7 });
    expect(await said(attempt)).toBe(counted(40));
  });
}
