/** What runs teach about the speed of workers, and where it counts. */
import { describe, expect, it } from "vitest";
import { bareEntry } from "../../core/bare-job.js";
import { jobId, workerId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import type { WorkerFacts } from "../../core/worker.js";
import { endedAttempts } from "./archived-job.js";
import { estimateOf } from "./estimates.js";
import { buildProblem } from "./problem.js";
import { cpuModelLabel, speedOf } from "./speed.js";
import type { Task, WorkerRecord } from "./state.js";
import { decodeState, encodeState } from "./state-codec.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";
import { workerView } from "./views.js";

const clusterOf = (facts: Readonly<Record<string, Partial<WorkerFacts>>>): Script => {
  const script = new Script();
  for (const [name, change] of Object.entries(facts)) script.join(name, change);
  return script;
};

const workerOf = (script: Script, name: string): WorkerRecord => {
  const worker = script.state.workers.get(workerId(name));
  if (worker === undefined) throw new Error(`no worker ${name}`);
  return worker;
};

let jobs = 0;
/** A task of one kind on this worker, that takes so long there. */
function runs(
  script: Script,
  worker: string,
  ranMs: number,
  { kind = "work", said = 0 } = {},
): Task {
  const constraints = [{ label: "almanac.worker", operator: "=" as const, values: [worker] }];
  const estimate = said === 0 ? null : { p50Ms: said, p90Ms: said };
  const spec = { ...job([template("t", { constraints })]), name: kind };
  const id = `j${++jobs}`;
  script.submit({ ...spec, tasks: [{ ...bareEntry("t", 0), estimate }] }, id);
  const task = script.state.jobs.get(jobId(id))?.tasks[0];
  const attempt = task?.attempts[0];
  if (task === undefined || attempt === undefined) throw new Error(`${id} was not launched`);
  script.report(attempt, null);
  script.nowMs += ranMs;
  for (const known of script.lastHeard.keys()) script.lastHeard.set(known, script.nowMs);
  script.report(attempt, { kind: "exited", exitCode: 0 });
  return task;
}

/** All of them run the same, this many times each. */
function rounds(script: Script, count: number, ranMs: Readonly<Record<string, number>>): void {
  for (let round = 0; round < count; round++) {
    for (const [worker, ms] of Object.entries(ranMs)) runs(script, worker, ms);
  }
}

const slowed = (): Script => {
  const script = clusterOf({ a: {}, b: {}, c: {} });
  rounds(script, 20, { a: 10_000, b: 10_000, c: 10_000 });
  rounds(script, 20, { a: 20_000, b: 10_000, c: 10_000 });
  return script;
};

describe("the speed of a worker in plans", () => {
  it("is its benchmark's until its runs say otherwise", () => {
    const script = clusterOf({ a: { speed: 2 }, b: {} });
    rounds(script, 20, { a: 5_000, b: 10_000 });
    expect(speedOf(workerOf(script, "a"))).toBe(2);
    expect(speedOf(workerOf(script, "b"))).toBe(1);
  });

  it("follows a worker that has become half as fast, within 20 runs", () => {
    const script = slowed();
    expect(speedOf(workerOf(script, "a"))).toBeGreaterThan(0.5 * 0.85);
    expect(speedOf(workerOf(script, "a"))).toBeLessThan(0.5 * 1.15);
    expect(speedOf(workerOf(script, "b"))).toBeGreaterThan(0.9);
    expect(speedOf(workerOf(script, "b"))).toBeLessThan(1.1);
    const view = workerView(workerOf(script, "a"), null, null);
    expect(view.facts.speed).toBe(1);
    expect(view.learntSpeed?.factor).toBe(speedOf(workerOf(script, "a")));
    expect(view.learntSpeed?.runs).toBeGreaterThan(8);
  });

  it("is what problems, the statistics and the planner's history are told by", () => {
    const script = slowed();
    const task = runs(script, "a", 20_000);
    // What the slow worker took is not taken for what the task takes.
    expect(estimateOf(script.state, task).p50Ms).toBeGreaterThan(9_000);
    expect(estimateOf(script.state, task).p50Ms).toBeLessThan(12_000);
    const [ended] = endedAttempts(script.state, task.job);
    expect(ended?.workerSpeed).toBe(speedOf(workerOf(script, "a")));
    script.submit({ ...job([template("t")]), name: "work" }, "next");
    const { problem, workers } = buildProblem(script.state, script.nowMs, "free");
    const on = (name: string): number => {
      const index = workers.indexOf.get(workerId(name)) ?? -1;
      const option = problem.options.class.indexOf(problem.workers.classOf[index] ?? -1);
      return (problem.options.duration[option] ?? 0) * problem.tickMs;
    };
    expect(on("a") / on("b")).toBeGreaterThan(1.7);
    expect(on("a") / on("b")).toBeLessThan(2.3);
    expect(on("b")).toBe(on("c"));
  });

  it("sends most of an array to the workers that are as fast as they say", () => {
    const script = slowed();
    const spec = { ...job([template("t")]), name: "work" };
    const tasks = Array.from({ length: 50 }, (_, index) => bareEntry(`t${index}`, 0));
    script.submit({ ...spec, tasks }, "array");
    const count = new Map<string, number>();
    for (const { worker } of script.state.plan.entries.values()) {
      count.set(worker, (count.get(worker) ?? 0) + 1);
    }
    for (const task of script.state.jobs.get(jobId("array"))?.tasks ?? []) {
      expect(script.state.plan.entries.has(task.id)).toBe(true);
    }
    expect(count.get("a")).toBeGreaterThanOrEqual(9);
    expect(count.get("a")).toBeLessThanOrEqual(11);
    expect(brokenInvariants(script.state)).toEqual([]);
  });

  it("is learnt from no run that a user's word, or nothing, predicted", () => {
    const script = clusterOf({ a: {}, b: {} });
    for (let run = 0; run < 20; run++) runs(script, "b", 10_000, { said: 10_000 });
    for (let run = 0; run < 20; run++) runs(script, "a", 40_000, { said: 10_000 });
    for (let run = 0; run < 20; run++) runs(script, "a", 40_000, { kind: `other${run}` });
    expect(workerOf(script, "a").speed.residuals).toEqual([]);
  });

  it("is that of its class for a worker that has just come", () => {
    const hardware = { capacity: resources(2_000, 2 ** 30), labels: { [cpuModelLabel]: "old" } };
    const script = clusterOf({ a: hardware, b: hardware, c: {}, d: {} });
    rounds(script, 30, { a: 17_000, b: 17_000, c: 10_000, d: 10_000 });
    script.join("like", hardware);
    script.join("unlike", { ...hardware, labels: { [cpuModelLabel]: "new" } });
    expect(speedOf(workerOf(script, "like"))).toBeLessThan(0.95);
    expect(speedOf(workerOf(script, "unlike"))).toBe(1);
  });

  it("is kept when the benchmark comes out a little different, and starts anew on another machine", () => {
    const rejoined = (facts: Partial<WorkerFacts>): Script => {
      const script = slowed();
      script.join("a", facts, "s2", "b2");
      return script;
    };
    const before = speedOf(workerOf(slowed(), "a"));
    const again = speedOf(workerOf(rejoined({ speed: 1.05 }), "a"));
    expect(Math.abs(again - before)).toBeLessThan(0.05 * before);
    for (const facts of [
      { speed: 0.5 },
      { capacity: resources(2_000, 2 ** 30) },
      { labels: { [cpuModelLabel]: "another" } },
    ]) {
      expect(workerOf(rejoined(facts), "a").speed.residuals).toEqual([]);
    }
  });

  it("survives a snapshot, and what was written before it was learnt is read", () => {
    const script = slowed();
    script.join("a", { speed: 1.05 }, "s2", "b2");
    for (const cut of [100, script.events.length - 20]) expectCodecLaw(script.events, cut);
    const before = [...encodeState(script.state)]
      .filter((line) => !line.startsWith('["comparison"'))
      .map((line) => line.replace(/,"speed":\{"residuals":[^}]*\}/, ""));
    const old = decodeState(before);
    const [worker] = old.workers.values();
    expect(worker?.speed).toEqual({ residuals: [], correction: 0 });
  });
});
