/**
 * What a worker promises of the attempts of each driver, over the deaths of its agent and of its
 * supervisor: with the real processes, killed for real.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DriverName, DriverOptions } from "../../core/drivers.js";
import type { AgentOptions } from "../agent.js";
import { signal } from "../drivers/process/proc.js";
import { counted, counting, createLifeBench, type LifeBench } from "./contract/life-bench.js";
import { outliving } from "./contract/outliving.js";
import { countCases } from "./driver-contract.js";
import { bundleSupervisor, type SupervisorBundle } from "./supervisor-bundle.js";
import { openSupervisorSocket } from "./supervisor-socket.js";
import { startWorkerFixture } from "./worker-fixture.js";

interface WorkerTraits {
  readonly driver: DriverName;
  readonly supervisor: NonNullable<AgentOptions["supervisor"]>;
  readonly options: DriverOptions | null;
  /** At once, in the tests of deaths. */
  readonly attempts: number;
  readonly patience: number;
  /** What the driver runs outlives its supervisor. */
  readonly outlives: boolean;
  /** It goes with its supervisor, though nobody is left to end it. Absent: false. */
  readonly tied?: boolean;
}

export function workerContract(traits: WorkerTraits): void {
  const { driver, patience, options, attempts } = traits;
  const timeoutMs = 15_000 * patience;
  describe(`a worker with attempts of ${driver}`, { timeout: 4 * timeoutMs }, () => {
    let bundle: SupervisorBundle;
    let bench: LifeBench;
    countCases(`a worker with attempts of ${driver}`);
    beforeAll(async () => {
      bundle = await bundleSupervisor();
      const worker = await startWorkerFixture(bundle.entry, { supervisor: traits.supervisor });
      const { master } = worker;
      const offered = (): boolean =>
        master.hellos.at(-1)?.facts.drivers.some(({ name }) => name === driver) === true;
      await master.waitFor("the driver", offered, timeoutMs);
      bench = createLifeBench(worker, driver, options, timeoutMs);
    }, timeoutMs);
    afterAll(async () => {
      await bench.worker.close();
      bundle.remove();
    });

    test("a timeout ends an attempt and is told as such", async () => {
      const { worker, launchOf, processesOf } = bench;
      const one = launchOf("sleep 600", { timeoutMs: 400 });
      worker.master.launch(one);
      const end = await worker.master.finishOf(one.attempt, timeoutMs);
      expect(end.outcome).toEqual({ kind: "timed_out" });
      expect(processesOf(one.attempt)).toEqual([]);
    });

    test("an agent killed by kill -9 leaves its attempts, and the next takes them up", async () => {
      const { worker, launchOf, said, processesOf } = bench;
      const { master } = worker;
      const hellos = master.hellos.length;
      await worker.agent.stop({ stopSupervisor: false });
      const agent = await worker.spawnAgent(bundle.agentEntry);
      await master.waitFor("its hello", () => master.hellos[hellos], timeoutMs);
      const all = Array.from({ length: attempts }, (_, n) => launchOf(counting(40, 10 + n)));
      master.launch(...all);
      for (const one of all) await master.startOf(one.attempt, timeoutMs);
      agent.kill("SIGKILL");
      await master.waitFor("the session to break", () => !master.sessionOpen(), timeoutMs);
      await worker.restartAgent();
      for (const [n, one] of all.entries()) {
        const end = await master.finishOf(one.attempt, timeoutMs);
        expect(end.outcome).toEqual({ kind: "exited", exitCode: 10 + n });
        expect(await said(one.attempt)).toBe(counted(40));
        expect(processesOf(one.attempt)).toEqual([]);
      }
    });

    test("what is paused stays so when the agent dies, and its timeout stands still with it", async () => {
      const { worker, launchOf, said, until, processesOf } = bench;
      const limitMs = 5_000 * patience;
      const one = launchOf(counting(10_000, 0), { timeoutMs: limitMs });
      const { attempt } = one;
      worker.master.launch(one);
      await until(attempt, "3\n");
      await worker.agent.stop({ stopSupervisor: false });
      const first = await openSupervisorSocket(worker.dataDirectory);
      const held = await first.ask({ kind: "hold", attempt, paused: true }, "held");
      expect(held).toEqual({ kind: "held", attempt, paused: true, error: null });
      await first.destroy();
      const second = await openSupervisorSocket(worker.dataDirectory);
      expect(second.state.paused).toEqual([attempt]);
      await sleep(200 * patience);
      const before = await said(attempt);
      await sleep(300);
      expect(await said(attempt)).toBe(before);
      const pausedMs = 200 * patience + 300;
      expect(await second.ask({ kind: "hold", attempt, paused: false }, "held")).toEqual({
        ...held,
        paused: false,
      });
      await second.destroy();
      await worker.restartAgent();
      const end = await worker.master.finishOf(attempt, timeoutMs);
      expect(end.outcome).toEqual({ kind: "timed_out" });
      expect(end.endedAtMs - (end.startedAtMs ?? 0)).toBeGreaterThanOrEqual(limitMs + pausedMs - 5);
      expect(processesOf(attempt)).toEqual([]);
    });

    if (traits.outlives) return outliving(() => bench, attempts);
    test("what ran under a killed supervisor is ended, and told to be lost", async () => {
      const { worker, launchOf, processesOf, killSupervisor } = bench;
      const all = Array.from({ length: attempts }, () => launchOf("sleep 600"));
      worker.master.launch(...all);
      for (const one of all) await worker.master.startOf(one.attempt, timeoutMs);
      await killSupervisor();
      for (const { attempt } of all) {
        expect(processesOf(attempt)).toEqual([]);
        const end = await worker.master.finishOf(attempt, timeoutMs);
        expect(end.outcome).toEqual({ kind: "supervisor_lost" });
      }
    });
    if (traits.tied !== true) return;
    test("it ends with its supervisor where no agent is left either", async () => {
      const { worker, launchOf, processesOf } = bench;
      const one = launchOf("sleep 600");
      worker.master.launch(one);
      await worker.master.startOf(one.attempt, timeoutMs);
      expect(processesOf(one.attempt)).not.toEqual([]);
      const supervisor = worker.agent.supervisorPid();
      await worker.agent.stop({ stopSupervisor: false });
      signal(supervisor, "SIGKILL");
      const left = (): number[] => processesOf(one.attempt);
      await expect.poll(left, { timeout: timeoutMs }).toEqual([]);
      await worker.restartAgent();
      const end = await worker.master.finishOf(one.attempt, timeoutMs);
      expect(end.outcome).toEqual({ kind: "supervisor_lost" });
    });
  });
}
