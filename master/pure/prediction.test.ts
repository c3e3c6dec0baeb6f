/** What the predictor says becomes what is planned by, and what a person pins stays. */
import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { job, template } from "../../core/testing/jobs.js";
import { durationMsMax } from "../../core/validate-template.js";
import { estimateOf, remainingOn } from "./estimates.js";
import type { Revision } from "./events.js";
import { plainJob } from "./plain-job.js";
import type { Task } from "./state.js";
import { fold } from "./testing/codec-law.js";
import { Script } from "./testing/script.js";

const says = (change: Partial<Revision> = {}): Revision => ({
  job: jobId("job"),
  template: 0,
  p50Ms: 7_000,
  p90Ms: 9_000,
  source: "model",
  confidence: 0.8,
  ...change,
});

function submitted(
  spec: JobSpec = job([template("first"), template("second")], ["first -> second"]),
) {
  const script = new Script();
  script.join("a");
  script.submit(spec);
  return script;
}

const revise = (script: Script, ...entries: readonly Revision[]) =>
  script.do({ type: "ReviseEstimates", entries });

const taskNamed = (script: Script, name: string): Task => {
  const task = [...script.state.tasks.values()].find(({ entry }) => entry.name === name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
};

const count = (script: Script, type: string): number =>
  script.types().filter((one) => one === type).length;

describe("an estimate of the predictor", () => {
  it("holds in place of statistics, for the way that it is about", () => {
    const script = submitted();
    revise(script, says({ template: 1 }));
    const second = taskNamed(script, "second");
    expect(estimateOf(script.state, second)).toEqual({
      ...{ p50Ms: 7_000, p90Ms: 9_000, source: "model", confidence: 0.8 },
    });
    expect(estimateOf(script.state, taskNamed(script, "first")).source).toBe("user");
  });

  it("gives way to what the user says of just this task", () => {
    const spec = job([template("only", { scheduledAtMs: 9_000_000 })]);
    const own = { p50Ms: 1_234, p90Ms: 2_000 };
    const script = submitted({
      ...spec,
      tasks: spec.tasks.map((task) => ({ ...task, estimate: own })),
    });
    revise(script, says());
    expect(estimateOf(script.state, taskNamed(script, "only"))).toMatchObject({
      p50Ms: 1_234,
      source: "user",
    });
  });

  it("is of one mode where a task has several, and of its fallback", () => {
    const { driver, resources, gpu, pools, constraints, timeoutMs } = template("x");
    const mode = (name: string) => ({
      ...{ name, driver, resources, gpu, pools, constraints, timeoutMs },
      ...{ estimate: { p50Ms: 1_000, p90Ms: 1_500 }, command: null },
    });
    const retry = { attemptsMax: 1, backoffMs: 0, backoffMaxMs: 0 };
    const script = submitted(
      job([
        template("first", {
          ...{ scheduledAtMs: 9_000_000, modes: [mode("fast"), mode("slow")] },
          retry: { ...retry, fallback: { way: mode("fallback"), attemptsMax: 1 } },
        }),
      ]),
    );
    revise(script, says({ mode: "slow" }), says({ mode: "fallback", p50Ms: 5_000 }));
    const task = taskNamed(script, "first");
    const [fast, slow] = task.ways;
    expect(estimateOf(script.state, task, fast).p50Ms).toBe(1_000);
    expect(estimateOf(script.state, task, slow).p50Ms).toBe(7_000);
    expect(Object.keys(task.job.revised ?? {}).sort()).toEqual(["0/fallback", "0/slow"]);
    revise(script, says({ mode: "unheard-of" }));
    expect(Object.keys(task.job.revised ?? {})).toHaveLength(2);
  });

  it("has what is planned looked at again, and the plan follows it", () => {
    const script = submitted();
    const before = script.state.facts;
    revise(script, says({ template: 1 }));
    expect(script.state.facts).toBeGreaterThan(before);
    expect(count(script, "EstimatesRevised")).toBe(1);
  });

  it.each([
    ["of no time", { p50Ms: 0 }],
    ["whose p90 is below its p50", { p90Ms: 6_999 }],
    ["that is no number", { p50Ms: Number.NaN }],
    ["of parts of a millisecond", { p50Ms: 1.5 }],
    ["past ten years", { p90Ms: durationMsMax + 1 }],
    ["more sure than can be", { confidence: 1.1 }],
    ["of nobody who knows", { source: "unknown" as const }],
    ["of a job that is not there", { job: jobId("nobody") }],
    ["of a template that is not there", { template: 9 }],
    ["of a mode that is not there", { mode: "fast" }],
  ])("%s is left out, and others beside it are taken", (_, change) => {
    const script = submitted();
    revise(script, says({ template: 1, ...change }), says({ template: 1, p50Ms: 5_555 }));
    const held = script.state.jobs.get(jobId("job"))?.revised;
    expect(held).toEqual({ "1": expect.objectContaining({ p50Ms: 5_555 }) });
  });

  it("of what runs already, or has ended, comes too late", () => {
    const script = submitted();
    script.started("first");
    revise(script, says({ template: 0 }));
    script.finished("first");
    script.finished("second");
    revise(script, says({ template: 1 }));
    expect(count(script, "EstimatesRevised")).toBe(0);
  });

  it("that is all but the one before is no news", () => {
    const script = submitted();
    revise(script, says({ template: 1 }));
    revise(script, says({ template: 1, p50Ms: 7_100, p90Ms: 9_100 }));
    expect(count(script, "EstimatesRevised")).toBe(1);
    revise(script, says({ template: 1, p50Ms: 7_200, p90Ms: 9_100 }));
    expect(count(script, "EstimatesRevised")).toBe(2);
  });

  it("is what a running attempt is judged by as well: the newest, not the one at its launch", () => {
    const spec = job([template("like", { maxConcurrent: 1 })]);
    const [entry] = spec.tasks;
    if (entry === undefined) throw new Error("no task");
    const tasks = [entry, { ...entry, name: "like[2]" }];
    const script = submitted({ ...spec, tasks });
    script.started("like");
    const running = taskNamed(script, "like");
    const before = remainingOn(script.state, running, 1, 500).p50Ms;
    revise(script, says());
    expect(remainingOn(script.state, running, 1, 500).p50Ms).toBeGreaterThan(before + 4_000);
  });
});

describe("estimates of a predictor that has been gone for long", () => {
  it("are withdrawn from all open jobs, once, and statistics hold again", () => {
    const script = submitted();
    script.do({ type: "WithdrawEstimates" });
    expect(count(script, "EstimatesWithdrawn")).toBe(0);
    revise(script, says({ template: 1 }));
    script.do({ type: "WithdrawEstimates" });
    script.do({ type: "WithdrawEstimates" });
    expect(count(script, "EstimatesWithdrawn")).toBe(1);
    expect(estimateOf(script.state, taskNamed(script, "second")).source).toBe("user");
    revise(script, says({ template: 1 }));
    expect(estimateOf(script.state, taskNamed(script, "second")).source).toBe("model");
  });

  it("stay with jobs that have ended, and go when one is opened again", () => {
    const script = submitted();
    revise(script, says({ template: 1 }));
    script.finished("first");
    script.finished("second", 1);
    script.do({ type: "WithdrawEstimates" });
    expect(estimateOf(script.state, taskNamed(script, "second")).source).toBe("model");
    script.do({ type: "Retry", job: jobId("job"), task: null });
    expect(estimateOf(script.state, taskNamed(script, "second")).source).not.toBe("model");
  });

  it("go into the archive with their job, and come back with it", () => {
    const script = submitted();
    revise(script, says({ template: 1 }));
    script.finished("first");
    script.finished("second", 1);
    const ended = script.state.jobs.get(jobId("job"));
    if (ended === undefined) throw new Error("no job");
    const archived = plainJob(ended);
    script.do({ type: "Archive", jobs: [jobId("job")], keysForMs: 0 });
    expect(script.do({ type: "Retry", job: jobId("job"), task: null, archived }).ok).toBe(true);
    expect(fold(script.events).jobs.get(jobId("job"))?.state).toBe("running");
  });
});

describe("the model that is served", () => {
  const choose = (script: Script, sha256: string | null, by = "ana", pinned = false) =>
    script.do({
      ...{ type: "ChooseModel", sha256, version: sha256 === null ? "" : `v${sha256[0]}` },
      ...{ pinned, reason: "it is better", by },
    });
  const digestOf = (digit: string): string => digit.repeat(64);

  it("is what was chosen last, and who chose it", () => {
    const script = new Script();
    choose(script, digestOf("1"), "planner");
    choose(script, digestOf("2"));
    expect(script.state.model).toMatchObject({
      ...{ sha256: digestOf("2"), version: "v2", pinned: false, by: "ana" },
      sequence: script.state.seq,
    });
  });

  it("is not replaced by a proposal while it is pinned, also where none is served", () => {
    for (const pinned of [digestOf("1"), null]) {
      const script = new Script();
      choose(script, pinned, "ana", true);
      expect(choose(script, digestOf("2"), "planner")).toMatchObject({
        error: { code: "failed_precondition" },
      });
      expect(script.state.model.sha256).toBe(pinned);
      choose(script, pinned, "ana", false);
      expect(choose(script, digestOf("2"), "planner").ok).toBe(true);
      expect(script.state.model.sha256).toBe(digestOf("2"));
    }
  });

  it("is no news a second time", () => {
    const script = new Script();
    choose(script, null, "planner");
    choose(script, digestOf("1"), "planner");
    choose(script, digestOf("1"), "planner");
    choose(script, digestOf("1"));
    expect(count(script, "ModelChosen")).toBe(1);
    choose(script, digestOf("1"), "ana", true);
    expect(count(script, "ModelChosen")).toBe(2);
  });
});
