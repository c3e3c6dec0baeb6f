import { describe, expect, it } from "vitest";
import { calibrationOf } from "../../core/calibration.js";
import { jobId, taskId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { Script } from "./testing/script.js";

const id = jobId("job");

/** A job of two tasks, one after the other, on one worker. */
function submitted(): Script {
  const script = new Script();
  script.join("a", { capacity: resources(1_000, 2 ** 30) });
  script.submit(job([template("first"), template("second")], ["first -> second"]));
  return script;
}

function foresee(script: Script, p50Ms: number, p90Ms = 2 * p50Ms): void {
  const finish = { fromMs: script.nowMs, range: { p50Ms, p90Ms } };
  script.do({ type: "ForeseeFinishes", finishes: new Map([[id, finish]]) });
}

function run(script: Script, name: string, tookMs: number, code = 0): void {
  script.started(name);
  script.nowMs += tookMs;
  script.finished(name, code);
}

const promiseOf = (script: Script) => script.state.jobs.get(id)?.promise ?? null;
const judged = (script: Script) => calibrationOf(script.state.calibration).jobs;

describe("a promise", () => {
  it("is made once, corrected, with what it was corrected from", () => {
    const script = submitted();
    foresee(script, 2_000);
    foresee(script, 9_000);
    expect(script.types().filter((type) => type === "FinishForeseen")).toHaveLength(1);
    const promise = promiseOf(script);
    expect(promise?.rolled).toEqual({ p50Ms: 2_000, p90Ms: 4_000 });
    expect(promise?.given.p50Ms).toBe(2_000);
    expect(promise?.given.p90Ms).toBeGreaterThan(4_000);
  });

  it("is judged when the job has succeeded", () => {
    const script = submitted();
    foresee(script, 2_000);
    run(script, "first", 1_000);
    run(script, "second", 1_500);
    expect(judged(script)).toMatchObject({ jobs: 1, withinP50: 0, withinP90: 1 });
    expect(judged(script).medianLogError).toBeCloseTo(Math.log(2_500 / 2_000), 2);
  });

  it("is not made once something of the job has ended: what is left is easy to foresee", () => {
    const script = submitted();
    run(script, "first", 1_000);
    foresee(script, 1_000);
    expect(promiseOf(script)).toBeNull();
  });

  it("is not judged by a job that failed or was cancelled", () => {
    for (const end of ["fail", "cancel"]) {
      const script = submitted();
      foresee(script, 2_000);
      if (end === "fail") run(script, "first", 1_000, 1);
      else script.do({ type: "Cancel", job: id, task: null, reason: "enough" });
      if (end === "cancel") script.finished("first", { kind: "signalled", signal: "SIGTERM" });
      expect(script.state.jobs.get(id)?.state).not.toBe("running");
      expect(judged(script).jobs).toBe(0);
    }
  });

  it("is void once somebody pauses the job, or one of its tasks, and may be made anew", () => {
    for (const task of [null, taskId(id, "second")]) {
      const script = submitted();
      foresee(script, 2_000);
      script.do({ type: "Pause", job: id, task });
      expect(promiseOf(script)).toBeNull();
      foresee(script, 3_000);
      expect(promiseOf(script)).toBeNull();
      script.do({ type: "Resume", job: id, task });
      foresee(script, 3_000);
      expect(promiseOf(script)?.rolled.p50Ms).toBe(3_000);
    }
  });

  it("is void once the job is tried again by hand", () => {
    const script = submitted();
    foresee(script, 2_000);
    run(script, "first", 1_000, 1);
    script.do({ type: "Retry", job: id, task: null });
    expect(promiseOf(script)).toBeNull();
  });

  it("corrects those that come after it", () => {
    const script = new Script();
    script.join("a", { capacity: resources(1_000, 2 ** 30) });
    for (let index = 0; index < 30; index++) {
      const [name, one] = [`t${index}`, jobId(`job-${index}`)];
      script.submit(job([template(name)]), one);
      const finish = { fromMs: script.nowMs, range: { p50Ms: 1_000, p90Ms: 1_500 } };
      script.do({ type: "ForeseeFinishes", finishes: new Map([[one, finish]]) });
      run(script, name, 3_000 + 10 * index);
    }
    const last = script.state.jobs.get(jobId("job-29"))?.promise;
    expect(last?.given.p50Ms).toBeGreaterThan(2_000);
    expect(last?.given.p90Ms).toBeGreaterThan(3_000);
    expect(last?.given.p90Ms).toBeLessThan(4_000);
  });
});
