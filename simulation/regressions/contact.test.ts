/**
 * Mistakes that other schedulers made when contact with a worker was lost and came back, each under
 * the number of its report: what happened there, played here.
 */
import { describe, expect, it } from "vitest";
import type { ProgramRun } from "../witness.js";
import { cutOff, hostOf, killMaster, submit, task, tell } from "./testing/scenario.js";

const exitCodes = (runs: readonly ProgramRun[]): (number | null)[] =>
  runs.map(({ exitCode }) => exitCode);

describe("contact lost and found", () => {
  it("nomad#11943: what is stopped after a disconnect is the old attempt, not its replacement", async () => {
    const { violations, runsOf, endsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", [task("t", 60_000, { onLost: { kind: "stop", afterMs: 8_000 } })]),
        cutOff(5_000, "t", 40_000),
      ],
    });
    expect(violations).toEqual([]);
    const runs = runsOf("t");
    expect(exitCodes(runs)).toEqual([null, 0]);
    expect(runs[0]?.worker).not.toBe(runs[1]?.worker);
    expect(runs[0]?.endedAtMs ?? 0).toBeLessThanOrEqual(runs[1]?.startedAtMs ?? 0);
    expect(endsOf("t")).toEqual(["succeeded"]);
  });

  it("nomad#12680: a worker that returns goes on with what it has, and nothing else begins", async () => {
    const { violations, runsOf, endsOf } = await tell({
      workers: 2,
      steps: [submit(100, "job", [task("t", 60_000)]), cutOff(5_000, "t", 25_000)],
    });
    expect(violations).toEqual([]);
    expect(exitCodes(runsOf("t"))).toEqual([0]);
    expect(endsOf("t")).toEqual(["succeeded"]);
  });

  it("nomad#19729: however often a worker goes and comes, everything ends", async () => {
    const cuts = [5_000, 30_000, 50_000, 75_000, 100_000];
    const { violations, endsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", [
          task("keep", 150_000),
          task("stop", 150_000, { onLost: { kind: "stop", afterMs: 8_000 } }),
          task("twice", 150_000, { idempotent: true }),
        ]),
        ...cuts.map((atMs) => cutOff(atMs, "keep", 8_000 + (atMs % 9_000))),
      ],
    });
    expect(violations).toEqual([]);
    for (const name of ["keep", "stop", "twice"]) expect(endsOf(name)).toEqual(["succeeded"]);
  });

  it("nomad#23640: a batch task is placed again each time its worker dies under it", async () => {
    const dies = (atMs: number) => ({
      atMs,
      act: (world: Parameters<typeof hostOf>[0]) => {
        const node = hostOf(world, "t");
        node.cutPower();
        world.time.at(atMs + 15_000, () => node.powerOn());
      },
    });
    const { violations, runsOf, endsOf } = await tell({
      workers: 3,
      steps: [
        submit(100, "job", [task("t", 20_000, { idempotent: true })]),
        ...[5_000, 30_000, 55_000].map(dies),
      ],
    });
    expect(violations).toEqual([]);
    expect(exitCodes(runsOf("t"))).toEqual([null, null, null, 0]);
    expect(endsOf("t")).toEqual(["succeeded"]);
  });

  it("kubernetes#61832: a partition does not let two of them write at once", async () => {
    const { violations, runsOf } = await tell({
      workers: 3,
      steps: [
        submit(100, "job", [task("t", 90_000, { onLost: { kind: "stop", afterMs: 20_000 } })]),
        cutOff(5_000, "t", 120_000),
      ],
    });
    expect(violations).toEqual([]);
    const [first, second, ...more] = runsOf("t");
    expect(more).toEqual([]);
    expect(first?.endedAtMs ?? 0).toBeLessThanOrEqual(second?.startedAtMs ?? 0);
    expect(second?.exitCode).toBe(0);
  });

  it("airflow#69336: the end of a copy that was given up does not end the one that lives", async () => {
    const { violations, runsOf, endsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", [task("t", 40_000, { idempotent: true })]),
        // Lost after 10 s and replaced; back while the replacement runs.
        cutOff(5_000, "t", 15_000),
      ],
    });
    expect(violations).toEqual([]);
    expect(exitCodes(runsOf("t"))).toEqual([null, 0]);
    expect(endsOf("t")).toEqual(["succeeded"]);
  });

  it("bull#1416: what a stale worker reports does not overwrite what its successor did", async () => {
    const { violations, history, endsOf } = await tell({
      workers: 2,
      steps: [
        submit(100, "job", [task("t", 12_000, { idempotent: true, exitCode: 1 })]),
        // Its program ends while it is away, and its successor's before it is back.
        cutOff(5_000, "t", 40_000),
      ],
    });
    expect(violations).toEqual([]);
    expect(endsOf("t")).toEqual(["failed"]);
    const outcomes = history.events.flatMap(({ event }) =>
      event.type === "AttemptEnded" ? [event.outcome.kind] : [],
    );
    expect(outcomes).toEqual(["lost", "exited"]);
  });

  it("our own: a launch that is told twice and refused once is not started in spite of that", async () => {
    // A Welcome and the command behind it carry the same launch; there is no room for the first.
    const { violations, history, runsOf, endsOf } = await tell({
      workers: 1,
      steps: [
        {
          atMs: 500,
          act: (world) => {
            for (const node of world.nodes) node.refusesNext = true;
          },
        },
        ...killMaster(900, "power", 1_000),
        submit(1_000, "job", [task("t", 5_000)]),
      ],
    });
    expect(violations).toEqual([]);
    expect(runsOf("t")).toHaveLength(1);
    expect(endsOf("t")).toEqual(["succeeded"]);
    const refused = history.events.flatMap(({ event }) =>
      event.type === "AttemptEnded" && JSON.stringify(event.outcome).includes("refused")
        ? [event.attempt]
        : [],
    );
    expect(refused).toHaveLength(1);
  });

  it("our own: what became durable after another supervisor had come is not launched on that one", async () => {
    for (const killedAtMs of [1_005, 1_050, 1_100, 1_300, 1_600]) {
      const { violations, endsOf } = await tell({
        workers: 1,
        steps: [
          // It is decided at once, and leaves the master when the disk has it: seconds later.
          { atMs: 900, act: (world) => Object.assign(world, { syncMaxMs: 4_000 }) },
          submit(1_000, "job", [task("t", 5_000)]),
          { atMs: killedAtMs, act: ({ nodes }) => nodes[0]?.killSupervisor() },
          { atMs: 5_000, act: (world) => Object.assign(world, { syncMaxMs: 10 }) },
        ],
      });
      expect(violations).toEqual([]);
      expect(endsOf("t")).toEqual(["succeeded"]);
    }
  });
});
