import { describe, expect, it } from "vitest";
import { jobLimits, type TaskMode, type TaskTemplate } from "./job.js";
import { job, resources, template } from "./testing/jobs.js";
import { validateJob } from "./validate-job.js";

function mode(name: string, change: Partial<TaskMode> = {}): TaskMode {
  const { driver, gpu, pools, constraints, estimate, timeoutMs } = template("t");
  const own = { driver, command: null, resources: resources(500), gpu, pools, constraints };
  return { name, ...own, estimate, timeoutMs, ...change };
}

const found = (modes: readonly TaskMode[], more: Partial<TaskTemplate> = {}) =>
  validateJob(job([template("t", { ...more, modes })])).map(({ field, limit }) => [field, limit]);

describe("modes", () => {
  it("are accepted up to their limit, and refused past it", () => {
    const many = Array.from({ length: jobLimits.modes + 1 }, (_, i) => mode(`m${i}`));
    expect(found(many.slice(1))).toEqual([]);
    expect(found(many)).toEqual([["templates[0].modes", jobLimits.modes]]);
    expect(found([])).toEqual([["templates[0].modes", undefined]]);
  });

  it("have names that are no paths, each once", () => {
    expect(found([mode("a.b")])).toEqual([["templates[0].modes", jobLimits.nameLength]]);
    expect(found([mode("a"), mode("a")])).toEqual([["templates[0].modes.a", undefined]]);
  });

  it("are each as sound as a task, and say where they are not", () => {
    const wrong = mode("big", {
      resources: resources(0),
      gpu: { kind: "whole", count: 1_000, type: null, memoryBytes: 0 },
      command: { ...template("t").command, program: { kind: "argv", argv: [] } },
      driver: "docker",
    });
    expect(found([mode("small"), wrong]).map(([field]) => field)).toEqual([
      "templates[0].modes.big.command.argv",
      "templates[0].modes.big.command.docker",
      "templates[0].modes.big.resources.cpuMillis",
      "templates[0].modes.big.gpu.count",
    ]);
  });

  it("take the place of what the template says, which need not be possible", () => {
    expect(found([mode("a")], { resources: resources(0) })).toEqual([]);
  });

  it("of a task with a hard deadline all have an estimate", () => {
    const hard = { hardDeadline: true, deadlineAtMs: 1e12 };
    const silent = mode("b", { estimate: null });
    expect(found([mode("a"), silent], hard)).toEqual([
      ["templates[0].modes.b.estimate", undefined],
    ]);
  });

  it("have estimates of their own, so that an element has none", () => {
    const spec = job([template("t", { modes: [mode("a")] })]);
    const tasks = spec.tasks.map((task) => ({ ...task, estimate: { p50Ms: 1, p90Ms: 1 } }));
    expect(validateJob({ ...spec, tasks }).map(({ field }) => field)).toEqual([
      "tasks[0].estimate",
    ]);
  });
});
