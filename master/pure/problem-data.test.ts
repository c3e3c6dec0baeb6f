/** Data of finished tasks in a Problem: a plan knows where it lies, and what it would cost to move it. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { jobId, taskId, workerId } from "../../core/ids.js";
import { job, resources, template, workerFacts } from "../../core/testing/jobs.js";
import { buildProblem } from "./problem.js";
import { Script } from "./testing/script.js";

const mebibyte = 2 ** 20;

/** `make` has left so many bytes on `slow`; `use` takes them in, in a minute from now. */
function afterMaking(sizeBytes: number): Script {
  const links = { otherwise: { bandwidthBps: 8 * mebibyte, latencyMs: 10 }, named: [] };
  const script = new Script({ links });
  const drivers = workerFacts("w").drivers.map((driver) => ({ ...driver, stagesData: true }));
  const capacity = resources(1_000, 2 ** 30);
  script.join("slow", { capacity, drivers });
  const outputs = [{ path: "out", maxBytes: 1_000 * mebibyte, required: true, sizeBytes: null }];
  const estimate = { p50Ms: 4_000, p90Ms: 4_000 };
  const scheduledAtMs = script.nowMs + 60_000;
  const input = { kind: "outputs" as const, path: "in/", task: "make", output: "out" };
  const templates = [
    template("make", { data: { inputs: [], outputs } }),
    template("use", { estimate, scheduledAtMs, data: { inputs: [input], outputs: [] } }),
  ];
  const reply = script.submit(job(templates, ["make -> use"]));
  if (!reply.ok) throw new Error(JSON.stringify(reply.error));
  script.join("fast", { capacity, drivers, speed: 4 });
  const attempt = script.state.tasks.get(taskId(jobId("job"), "make"))?.attempts[0];
  const incarnation = attempt && script.state.workers.get(attempt.worker)?.incarnation;
  if (attempt === undefined || incarnation === undefined) throw new Error("not made");
  const file = { path: "out", sha256: "0".repeat(64), sizeBytes, executable: false };
  script.do({
    type: "WorkerReport",
    incarnation,
    started: [],
    refused: [],
    finished: [
      {
        attempt: attempt.id,
        outcome: { kind: "exited", exitCode: 0 },
        usage: { peakMemoryBytes: null, cpuMs: null },
        stdoutBytes: 0,
        stderrBytes: 0,
        startedAtMs: script.nowMs,
        endedAtMs: script.nowMs,
        outputs: [file],
      },
    ],
  });
  return script;
}

function placed(script: Script): string | undefined {
  const { problem, tasks } = buildProblem(script.state, script.nowMs, "free");
  const plan = greedy(problem);
  expect(checkPlan(problem, plan).violations).toEqual([]);
  const row = tasks.findIndex(({ entry }) => entry.name === "use");
  return problem.workers.ids[plan.worker[row] ?? -1];
}

describe("what a finished task has left", () => {
  it("keeps its dependent beside it where it would travel for longer than is won elsewhere", () => {
    expect(placed(afterMaking(100 * mebibyte))).toBe("slow");
  });

  it("lets it go to a faster worker where it is light", () => {
    expect(placed(afterMaking(1_024))).toBe("fast");
  });

  it("costs nothing where its worker is gone: then it is as far from all others", () => {
    const script = afterMaking(100 * mebibyte);
    script.join("other", script.state.workers.get(workerId("slow"))?.facts ?? {});
    const before = buildProblem(script.state, script.nowMs, "free").problem;
    expect(before.edges.kib.some((kib) => kib > 0)).toBe(true);
    const incarnation = script.state.workers.get(workerId("slow"))?.incarnation;
    if (incarnation === undefined) throw new Error("no worker");
    script.do({ type: "WorkerDisconnected", incarnation });
    script.lastHeard.set(workerId("slow"), 0);
    script.tick(20_000);
    const { problem } = buildProblem(script.state, script.nowMs, "free");
    expect(problem.edges.kib.some((kib) => kib > 0)).toBe(false);
  });
});
