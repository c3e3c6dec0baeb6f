/**
 * Mistakes that other schedulers made about what they knew: counts, journals, plans. Each under the
 * number of its report. nomad#1859 (the daemon of containers is away) is in test/docker.test.ts, for
 * no simulated worker has one.
 */
import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import { killMaster, type Step, submit, task, tell } from "./testing/scenario.js";

describe("what is known", () => {
  it("nomad#9506, nomad#25808: plans that are refused again and again leave no worker idle", async () => {
    const { violations, runsOf } = await tell({
      workers: 2,
      cpus: 2,
      steps: [
        { atMs: 0, act: ({ planner }) => Object.assign(planner, { isMad: true }) },
        submit(
          100,
          "job",
          Array.from({ length: 12 }, (_, index) => task(`t${index}`, 5_000)),
        ),
      ],
    });
    expect(violations).toEqual([]);
    // Twelve tasks of 5 s on four cores take 15 s.
    const last = Math.max(...runsOf("t11").map(({ endedAtMs }) => endedAtMs ?? 0));
    expect(last).toBeLessThan(25_000);
  });

  it("nomad#10694: an end that is told twice gives back only once what was held", async () => {
    const habits = (breakChance: number): Step["act"] => {
      return ({ network }) => {
        network.habits = { ...network.habits, breakChance };
      };
    };
    const { violations, world } = await tell({
      workers: 1,
      cpus: 1,
      steps: [
        { atMs: 50, act: habits(0.1) },
        submit(
          100,
          "job",
          Array.from({ length: 20 }, (_, index) => task(`t${index}`, 1_000)),
        ),
        { atMs: 60_000, act: habits(0) },
      ],
    });
    expect(violations).toEqual([]);
    const runs = [...world.witness.runs].sort((a, b) => a.startedAtMs - b.startedAtMs);
    expect(runs).toHaveLength(20);
    for (const [index, run] of runs.entries()) {
      expect(run.startedAtMs).toBeGreaterThanOrEqual(runs[index - 1]?.endedAtMs ?? 0);
    }
  });

  it("nomad#17175: what has ended is not started again, whoever asks", async () => {
    const { violations, runsOf, endsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", [task("t", 2_000)]),
        ...[10_000, 12_000].map(
          (atMs): Step => ({
            atMs,
            act: (world) => {
              const job = world.witness.acknowledged[0]?.jobId ?? "";
              world.user.order({ type: "Retry", job: jobId(job), task: null });
            },
          }),
        ),
        // A new master hears everything anew, and so do its workers.
        ...killMaster(15_000, "killed", 1_000),
      ],
    });
    expect(violations).toEqual([]);
    expect(runsOf("t")).toHaveLength(1);
    expect(endsOf("t")).toEqual(["succeeded"]);
  });

  it("kubernetes#130103: a master that dies around the end of a task does not run it twice", async () => {
    for (const offsetMs of [-20, -5, -2, -1, 0, 1, 2, 3, 5, 20]) {
      const { violations, runsOf, endsOf } = await tell({
        workers: 2,
        // It begins a few milliseconds after 100 and lasts 3 s.
        steps: [
          submit(100, "job", [task("t", 3_000)]),
          ...killMaster(3_110 + offsetMs, "power", 2_000),
        ],
      });
      expect(violations).toEqual([]);
      expect(runsOf("t")).toHaveLength(1);
      expect(endsOf("t")).toEqual(["succeeded"]);
    }
  });

  it("argo-workflows#16294: a step that is done stays done, whatever the new master begins from", async () => {
    const steps = ["a", "b", "c", "d", "e"].map((name) => task(name, 4_000));
    const { violations, runsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", steps, true),
        ...[3_000, 7_000, 12_000, 17_000].flatMap((atMs) => killMaster(atMs, "power", 1_500)),
      ],
    });
    expect(violations).toEqual([]);
    for (const { name } of steps) expect(runsOf(name)).toHaveLength(1);
  });

  it("bullmq#648: workers take up new work after each new beginning of the master", async () => {
    const times = [1_000, 8_000, 15_000, 22_000, 29_000];
    const { violations, world } = await tell({
      workers: 3,
      steps: [
        // Submitted just before and while nobody leads.
        ...times.flatMap((atMs, index) => [
          submit(atMs - 5, `before-${index}`, [task(`before-${index}`, 1_000)]),
          ...killMaster(atMs, index % 2 === 0 ? "killed" : "power", 3_000),
          submit(atMs + 500, `while-${index}`, [task(`while-${index}`, 1_000)]),
        ]),
      ],
    });
    expect(violations).toEqual([]);
    expect(world.witness.acknowledged).toHaveLength(10);
    const last = Math.max(...world.witness.runs.map(({ startedAtMs }) => startedAtMs));
    expect(last).toBeLessThan(45_000);
  });

  it("nats-server#6888: what was acknowledged is there after kill -9 and after power loss", async () => {
    const { violations, world, history } = await tell({
      workers: 2,
      steps: Array.from({ length: 10 }, (_, index) => [
        submit(500 + index * 6_000, `job-${index}`, [task(`t${index}`, 500)]),
        {
          atMs: 490 + index * 6_000,
          act: ({ master }: Parameters<Step["act"]>[0]) =>
            master.doomSync({ syncs: index % 4, awayMs: 1_000 }),
        },
        ...killMaster(3_500 + index * 6_000, index % 2 === 0 ? "killed" : "power", 1_000),
      ]).flat(),
    });
    expect(violations).toEqual([]);
    expect(world.witness.acknowledged).toHaveLength(10);
    for (const { jobId: id } of world.witness.acknowledged) expect(history.jobs.has(id)).toBe(true);
  });

  it("hyperqueue#1116: a planner that hangs for ever holds nobody up", async () => {
    const { violations, runsOf } = await tell({
      workers: 2,
      steps: [
        { atMs: 0, act: ({ planner }) => planner.process.hold() },
        submit(100, "job", [task("a", 2_000), task("b", 2_000)], true),
      ],
    });
    expect(violations).toEqual([]);
    // P7: dispatch goes on within 2 s.
    expect(runsOf("a")[0]?.startedAtMs).toBeLessThan(2_100);
    expect(runsOf("b")[0]?.startedAtMs).toBeLessThan(6_200);
  });
});
