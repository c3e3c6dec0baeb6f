/** Tasks that can run in several ways: which one is planned, charged, launched and learned from. */
import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import type { TaskMode, TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { effects } from "./effects.js";
import { estimateOf } from "./estimates.js";
import { forecast } from "./forecast.js";
import type { Task } from "./state.js";
import { Script } from "./testing/script.js";
import { taskView } from "./views.js";

function mode(name: string, estimateMs: number, change: Partial<TaskMode> = {}): TaskMode {
  const { driver, gpu, pools, constraints } = template("t");
  const estimate = { p50Ms: estimateMs, p90Ms: estimateMs };
  const own = { driver, command: null, resources: resources(500), gpu, pools, constraints };
  return { name, ...own, estimate, timeoutMs: null, ...change };
}

const oneGpu = { kind: "whole" as const, count: 1, type: null, memoryBytes: 0 };
const gpu = mode("gpu", 2_000, { gpu: oneGpu });
const cpu = mode("cpu", 20_000, { resources: resources(2_000) });

function cluster(devices: number): Script {
  const script = new Script({ pools: [{ name: "fuel", capacity: 2, consumable: true }] });
  script.join("a", {
    capacity: resources(4_000, 2 ** 30),
    devices: Array.from({ length: devices }, (_, i) => ({
      id: `gpu${i}`,
      type: "x",
      memoryBytes: 2 ** 30,
    })),
  });
  return script;
}

const find = (script: Script, name: string): Task => {
  const task = script.state.tasks.get(taskId(jobId("job"), name));
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
};

const modesOf = (script: Script, name: string): (string | undefined)[] =>
  find(script, name).attempts.map((attempt) => attempt.mode);

const submit = (script: Script, templates: readonly TaskTemplate[]) => {
  const reply = script.submit(job(templates));
  if (!reply.ok) throw new Error(JSON.stringify(reply.error));
};

describe("a task with modes", () => {
  it("takes the one in which it is done first, and what it takes is charged", () => {
    const script = cluster(1);
    submit(script, [template("t", { modes: [cpu, gpu] })]);
    expect(modesOf(script, "t")).toEqual(["gpu"]);
    const [attempt] = find(script, "t").attempts;
    expect(attempt?.devices).toEqual(["gpu0"]);
    expect([...script.state.workers.values()].map(({ used }) => used.cpuMillis)).toEqual([500]);
  });

  it("takes another where the first would have it wait for longer", () => {
    const script = cluster(1);
    const busy = template("busy", { gpu: oneGpu, estimate: { p50Ms: 60_000, p90Ms: 60_000 } });
    submit(script, [busy, template("t", { modes: [gpu, cpu] })]);
    expect(modesOf(script, "t")).toEqual(["cpu"]);
  });

  it("takes another where a pool has run dry", () => {
    const script = cluster(0);
    const burns = mode("burns", 1_000, { pools: { fuel: 1 } });
    const walks = mode("walks", 9_000);
    const names = ["t0", "t1", "t2", "t3"];
    submit(
      script,
      names.map((name) => template(name, { modes: [burns, walks] })),
    );
    const chosen = names.flatMap((name) => modesOf(script, name));
    expect(chosen.sort()).toEqual(["burns", "burns", "walks", "walks"]);
  });

  it("waits where none can have what it takes, and says so", () => {
    const script = cluster(0);
    const burns = mode("burns", 1_000, { pools: { fuel: 2 } });
    const blazes = mode("blazes", 500, { pools: { fuel: 2 } });
    const both = { modes: [burns, blazes] };
    submit(script, [template("t", both), template("u", both)]);
    const waits = [find(script, "t"), find(script, "u")].filter(
      ({ attempts }) => attempts.length === 0,
    );
    expect(waits).toHaveLength(1);
    const [task] = waits;
    if (task === undefined) throw new Error("none waits");
    const view = taskView(script.state, task, forecast(script.state, script.nowMs));
    expect(view.reason).toBe("pool_exhausted");
  });

  it("is retried in another mode where the first is not to be had again", () => {
    const script = cluster(0);
    const burns = mode("burns", 1_000, { pools: { fuel: 2 } });
    const retry = { attemptsMax: 2, backoffMs: 100, backoffMaxMs: 100 };
    submit(script, [template("t", { modes: [burns, mode("walks", 9_000)], retry })]);
    script.started("t");
    script.finished("t", 1);
    script.tick(200);
    expect(modesOf(script, "t")).toEqual(["burns", "walks"]);
  });

  it("is launched with what its mode says, and its worker knows of no mode", () => {
    const script = cluster(0);
    const { command } = template("t");
    const own = { ...command, env: { DEVICE: "cpu" } };
    submit(script, [template("t", { modes: [{ ...cpu, command: own, timeoutMs: 7_000 }] })]);
    const commands = [...effects(script.state, script.events).values()];
    expect(commands.flatMap(({ launches }) => launches)).toEqual([
      expect.objectContaining({
        command: own,
        resources: cpu.resources,
        timeoutMs: 7_000,
      }),
    ]);
  });

  it("learns of each mode by itself", () => {
    const script = cluster(1);
    const slow = mode("slow", 50_000);
    submit(script, [template("t", { modes: [gpu, slow] })]);
    for (let run = 0; run < 8; run++) {
      const id = `again${run}`;
      if (run > 0) script.submit(job([template("t", { modes: [gpu, slow] })]), id);
      const task = script.state.tasks.get(taskId(jobId(run === 0 ? "job" : id), "t"));
      const attempt = task?.attempts[0];
      if (attempt === undefined) throw new Error("not launched");
      script.report(attempt, null);
      script.nowMs += 5_000;
      script.report(attempt, { kind: "exited", exitCode: 0 });
    }
    const task = find(script, "t");
    const [ofGpu, ofSlow] = task.ways.map((way) => estimateOf(script.state, task, way));
    expect(ofGpu).toMatchObject({ source: "statistics", p50Ms: 5_000 });
    expect(ofSlow).toMatchObject({ source: "user", p50Ms: 50_000 });
  });

  it("is refused where a mode asks for more than the whole pool", () => {
    const script = cluster(0);
    const reply = script.submit(
      job([template("t", { modes: [cpu, mode("burns", 1, { pools: { fuel: 3 } })] })]),
    );
    expect(reply).toMatchObject({
      ok: false,
      error: { violations: [{ field: "tasks.t.modes.burns.pools.fuel", limit: 2 }] },
    });
  });

  it("is warned of where no mode could run, by mode", () => {
    const script = cluster(0);
    const huge = mode("huge", 1, { resources: resources(99_000) });
    const reply = script.submit(job([template("t", { modes: [gpu, huge] })]));
    if (!reply.ok || reply.value.kind !== "submit") throw new Error("refused");
    const [warning] = reply.value.submit.warnings;
    expect(warning?.field).toBe("tasks.t.modes");
    expect(warning?.message).toContain("mode gpu: not the gpus asked for");
    expect(warning?.message).toContain("mode huge: not enough cpu");
  });
});
