/**
 * A workflow through a cluster of real processes, judged by the files that its tasks write, while
 * processes of the cluster are killed.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseFault } from "../bench/live/faults.js";
import { type LiveOptions, type LiveResult, runLive } from "../bench/live/run.js";
import { recordWorkflow } from "./support/recorded.js";

let file = "";

beforeAll(async () => {
  file = await recordWorkflow({ stages: [8, 12, 6, 10, 1], seconds: [0.5, 2], seed: 7 });
});

afterAll(() => rm(dirname(file), { recursive: true, force: true }));

const run = (change: Partial<LiveOptions> = {}): Promise<LiveResult> =>
  runLive({
    file,
    timeScale: 1,
    sizeScale: 1,
    load: "sleep",
    workers: 4,
    cpu: 1,
    throttle: 1,
    planner: true,
    faults: [],
    ...change,
  });

describe("a recorded workflow on four workers", () => {
  it("runs to the end, every task once and after all that it depends on", async () => {
    const result = await run();
    expect(result.state).toBe("succeeded");
    expect(result.testimony.faults).toEqual([]);
    expect(result.testimony.attempts).toBe(result.tasks);
    expect(result.boundMs).toBeLessThanOrEqual(result.plannedMs);
  });

  it("runs to the end without a planner too", async () => {
    const result = await run({ planner: false });
    expect(result.state).toBe("succeeded");
    expect(result.testimony.faults).toEqual([]);
  });

  it("survives kill -9 of a worker and of the planner: nothing lost, nothing twice at once", async () => {
    const faults = [parseFault("worker@0.33"), parseFault("planner@0.5")];
    const result = await run({ faults });
    expect(result.state).toBe("succeeded");
    expect(result.testimony.faults).toEqual([]);
    expect(result.attempts).toBeGreaterThanOrEqual(result.tasks);
  });

  it("survives the loss of a whole node: agent, supervisor and programs", async () => {
    const result = await run({ faults: [parseFault("node@0.4")] });
    expect(result.state).toBe("succeeded");
    expect(result.testimony.faults).toEqual([]);
  });

  it("survives kill -9 of the master: what ran goes on and is taken up, not started anew", async () => {
    const result = await run({ faults: [parseFault("master@0.4:3s")] });
    expect(result.state).toBe("succeeded");
    expect(result.testimony.faults).toEqual([]);
    expect(result.testimony.attempts).toBe(result.tasks);
    expect(result.attempts).toBe(result.tasks);
  });
});
