/** A worker on which different tasks keep failing gets nothing new for a while. */
import { describe, expect, it } from "vitest";
import { jobId, type WorkerId, workerId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { blamesMax, knownMin } from "./quarantine.js";
import type { Task } from "./state.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";

const minutes = (count: number): number => count * 60_000;

/** A kind of task that has succeeded on each of the workers. */
const known = "sound";

function clusterOf(...names: readonly string[]): Script {
  const script = new Script();
  for (const name of names) script.join(name);
  for (const name of names) runs(script, name, 0, known);
  return script;
}

let jobs = 0;
/** A task on this worker, which ends so; without `kind` of one of its own. */
function runs(script: Script, worker: string, exitCode: number, kind = ""): void {
  const constraints = [{ label: "almanac.worker", operator: "=" as const, values: [worker] }];
  const id = `j${++jobs}`;
  const spec = { ...job([template("t", { constraints })]), name: kind === "" ? id : kind };
  script.submit(spec, id);
  const task = script.state.jobs.get(jobId(id))?.tasks[0] as Task;
  const [attempt] = task.attempts;
  if (attempt === undefined) return;
  script.report(attempt, null);
  script.report(attempt, { kind: "exited", exitCode });
}

const fails = (script: Script, worker: string, count = blamesMax, kind = known): void => {
  for (let n = 0; n < count; n++) runs(script, worker, 1, kind);
};

const quarantineOf = (script: Script, worker: string) =>
  script.state.workers.get(workerId(worker))?.quarantine ?? null;

function tick(script: Script, forwardMs: number): void {
  for (const id of script.lastHeard.keys())
    script.lastHeard.set(id as WorkerId, script.nowMs + forwardMs);
  script.tick(forwardMs);
}

describe("quarantine", () => {
  it("begins when different tasks have failed, keeps new work away, and ends with time", () => {
    const script = clusterOf("a", "b");
    fails(script, "a", blamesMax - 1);
    expect(quarantineOf(script, "a")).toBeNull();
    fails(script, "a", 1);
    expect(quarantineOf(script, "a")).toMatchObject({ level: 1 });
    script.submit(job([template("x"), template("y")]));
    const [x, y] = script.state.jobs.get(jobId("job"))?.tasks ?? [];
    expect([x, y].map((task) => task?.attempts[0]?.worker)).toEqual(["b", undefined]);
    expect(brokenInvariants(script.state)).toEqual([]);
    tick(script, minutes(5));
    expect(quarantineOf(script, "a")).toBeNull();
    script.submit(job([template("z")]), "next");
    expect(script.state.jobs.get(jobId("next"))?.tasks[0]?.attempts[0]?.worker).toBe("a");
    for (const before of [2, 6, 9]) expectCodecLaw(script.events, script.events.length - before);
  });

  it("lasts longer each time again, and as at first after an hour without", () => {
    const script = clusterOf("a", "b");
    const lasts = (): number => {
      fails(script, "a");
      const { untilMs = 0, sinceMs = 0 } = quarantineOf(script, "a") ?? {};
      tick(script, untilMs - sinceMs);
      return untilMs - sinceMs;
    };
    expect([lasts(), lasts(), lasts()]).toEqual([minutes(5), minutes(10), minutes(20)]);
    tick(script, minutes(61));
    expect(lasts()).toBe(minutes(5));
  });

  it("is lifted by hand", () => {
    const script = clusterOf("a", "b");
    fails(script, "a");
    script.do({ type: "LiftQuarantine", worker: workerId("a") });
    expect(quarantineOf(script, "a")).toBeNull();
    const nobody = script.do({ type: "LiftQuarantine", worker: workerId("c") });
    expect(nobody).toMatchObject({ ok: false, error: { code: "not_found" } });
  });

  it("forgets failures with time, and one with each success", () => {
    const script = clusterOf("a", "b");
    fails(script, "a", blamesMax - 1);
    tick(script, minutes(11));
    fails(script, "a", blamesMax - 1);
    runs(script, "a", 0);
    fails(script, "a", 1);
    expect(quarantineOf(script, "a")).toBeNull();
    fails(script, "a", 1);
    expect(quarantineOf(script, "a")).not.toBeNull();
  });

  it("counts a kind of task that never succeeded once, and not at all where it fails on another too", () => {
    const script = clusterOf("a", "b");
    fails(script, "a", 2 * blamesMax, "broken");
    expect(script.state.workers.get(workerId("a"))?.blames).toHaveLength(1);
    fails(script, "b", 1, "broken");
    expect(script.state.workers.get(workerId("a"))?.blames).toHaveLength(0);
    expect(script.state.workers.get(workerId("b"))?.blames).toHaveLength(0);
  });

  it("finds the node that eats tasks of a kind that runs elsewhere", () => {
    const script = clusterOf("a", "b");
    runs(script, "b", 0, "elsewhere");
    fails(script, "a", blamesMax, "elsewhere");
    expect(quarantineOf(script, "a")?.message).toContain("5 failures of different tasks");
  });

  it("takes more than kinds of which nobody knows whether they work", () => {
    const script = clusterOf("a", "b");
    for (let n = 0; n < 2 * blamesMax; n++) runs(script, "a", 1);
    expect(script.state.workers.get(workerId("a"))?.blames).toHaveLength(2 * blamesMax);
    fails(script, "a", knownMin - 1);
    expect(quarantineOf(script, "a")).toBeNull();
    fails(script, "a", 1);
    expect(quarantineOf(script, "a")).not.toBeNull();
  });

  it("never takes more than half of the workers, nor the last that is open", () => {
    const alone = clusterOf("a");
    fails(alone, "a", 3 * blamesMax);
    expect(quarantineOf(alone, "a")).toBeNull();
    const three = clusterOf("a", "b", "c");
    for (const name of ["a", "b", "c"]) fails(three, name, 2 * blamesMax);
    const taken = ["a", "b", "c"].filter((name) => quarantineOf(three, name) !== null);
    expect(taken).toEqual(["a"]);
  });

  it("ends at once where nothing else is left that is open", () => {
    const script = clusterOf("a", "b");
    fails(script, "a");
    script.do({ type: "Cordon", worker: workerId("b") });
    tick(script, 1);
    expect(quarantineOf(script, "a")).toBeNull();
  });

  it("counts what a worker takes down with it once", () => {
    const script = new Script();
    script.join("a", { capacity: resources(64_000, 2 ** 30) });
    script.join("b");
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
    script.submit(job(names.map((name) => template(name, { idempotent: true }))));
    for (const name of names) script.started(name);
    for (const name of names) script.finished(name, { kind: "supervisor_lost" });
    const blames = [...script.state.workers.values()].flatMap((worker) => worker.blames);
    expect(blames.length).toBeLessThanOrEqual(2);
  });
});
