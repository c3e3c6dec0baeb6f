/** A worker whose programs become half as fast is noticed by what they take, and planned for. */
import { describe, expect, it } from "vitest";
import { bareEntry, bareJob } from "../core/bare-job.js";
import { workerId } from "../core/ids.js";
import type { JobSpec } from "../core/job.js";
import { defaultSettings } from "../master/pure/genesis.js";
import { speedOf } from "../master/pure/speed.js";
import { solverRegistry } from "../planner/solvers/registry.js";
import { task } from "./regressions/testing/scenario.js";
import { World } from "./world.js";

const solvers = [await solverRegistry["multi-start"].load()];
const slow = "node-0";

/** An array, of which nobody says how long it takes. */
function arrayOf(name: string, size: number, durationMs: number): JobSpec {
  const templates = [task(name, durationMs, { estimate: null })];
  const tasks = Array.from({ length: size }, (_, index) => bareEntry(`${name}-${index}`, 0));
  return bareJob({ name, namespace: "simulated", templates, tasks, edges: [] });
}

class Cluster {
  readonly world: World;
  #keys = 0;

  constructor(seed: number) {
    const workers = ["node-0", "node-1", "node-2"].map((name) => ({
      name,
      cpus: 1,
      memoryBytes: 2 ** 32,
      speed: 1,
      labels: {},
    }));
    this.world = new World({ seed, settings: defaultSettings, workers, solvers });
    this.world.master.start();
    for (const node of this.world.nodes) this.world.time.at(10, () => node.powerOn());
  }

  submit(spec: JobSpec): void {
    this.world.user.submit(`key-${++this.#keys}`, spec);
  }

  async until(isSo: () => boolean): Promise<void> {
    const { time } = this.world;
    await time.run(time.nowMs + 7_200_000, isSo);
    expect(isSo()).toBe(true);
  }

  /** Until every job has ended; how long that took. */
  async rest(): Promise<number> {
    const { world } = this;
    const beganMs = world.time.nowMs;
    await this.until(() => world.user.waiting === 0 && world.jobsOpen.size === 0);
    return world.time.nowMs - beganMs;
  }

  runsOn(worker: string): number {
    return this.world.witness.runs.filter((run) => run.worker === worker && run.endedAtMs !== null)
      .length;
  }

  speed(worker: string): number {
    const record = this.world.master.state?.workers.get(workerId(worker));
    return record === undefined ? Number.NaN : speedOf(record);
  }
}

/** To 20 runs on a worker that is half as fast as it says; every worker has worked before. */
async function slowed(seed: number): Promise<{ cluster: Cluster; runs: number }> {
  const cluster = new Cluster(seed);
  cluster.submit(arrayOf("short", 45, 10_000));
  cluster.submit(arrayOf("long", 12, 60_000));
  await cluster.until(() => cluster.world.jobsOpen.size === 2);
  await cluster.rest();
  cluster.world.nodes[0]?.programs.becomes(0.5);
  const before = cluster.runsOn(slow);
  cluster.submit(arrayOf("short", 120, 10_000));
  await cluster.until(() => cluster.runsOn(slow) >= before + 20);
  // The report of the last one is still on its way.
  await cluster.world.time.run(cluster.world.time.nowMs + 1_000);
  return { cluster, runs: cluster.runsOn(slow) - before };
}

describe("a worker that has become half as fast", () => {
  it.each([1, 2, 3])(
    "is known for it after 20 runs, and the others are not (seed %i)",
    async (seed) => {
      const { cluster, runs } = await slowed(seed);
      expect(runs).toBe(20);
      expect(cluster.speed(slow)).toBeGreaterThan(0.5 * 0.85);
      expect(cluster.speed(slow)).toBeLessThan(0.5 * 1.15);
      for (const other of ["node-1", "node-2"]) {
        expect(cluster.speed(other)).toBeGreaterThan(0.85);
        expect(cluster.speed(other)).toBeLessThan(1.15);
      }
      expect(cluster.world.witness.errors).toEqual([]);
    },
  );

  it("gets its fair share from then on, and no more", async () => {
    const { cluster } = await slowed(1);
    await cluster.rest();
    // On speeds 1, 1 and 0.5: two go to the fast ones; of seven it takes one, or is the last to end.
    for (const [tasks, bestMs] of [
      [2, 60_000],
      [7, 180_000],
    ] as const) {
      cluster.submit(arrayOf("long", tasks, 60_000));
      await cluster.until(() => cluster.world.jobsOpen.size === 1);
      expect(await cluster.rest()).toBeLessThan(1.05 * bestMs);
    }
    // Many that are short: as many as its speed is of all.
    const before = cluster.runsOn(slow);
    cluster.submit(arrayOf("short", 100, 10_000));
    await cluster.until(() => cluster.world.jobsOpen.size === 1);
    expect(await cluster.rest()).toBeLessThan(1.1 * (100 / 2.5) * 10_000);
    expect(cluster.runsOn(slow) - before).toBeGreaterThanOrEqual(18);
    expect(cluster.runsOn(slow) - before).toBeLessThanOrEqual(22);
  });

  it("is still known for it by a master that starts anew", async () => {
    const { cluster } = await slowed(1);
    await cluster.rest();
    const known = cluster.speed(slow);
    cluster.world.master.stop("power");
    await cluster.world.time.run(cluster.world.time.nowMs + 100);
    cluster.world.master.start();
    await cluster.until(() => cluster.world.master.state !== null);
    await cluster.world.time.run(cluster.world.time.nowMs + 10_000);
    expect(cluster.speed(slow)).toBe(known);
  });

  it("gives the same trace again from the same seed", async () => {
    const [first, second] = [await slowed(4), await slowed(4)];
    expect(second.cluster.world.traceHash()).toBe(first.cluster.world.traceHash());
  });
});
