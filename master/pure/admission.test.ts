import { describe, expect, it } from "vitest";
import { checkPlan, evaluate } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { jobId, taskId } from "../../core/ids.js";
import type { Plan } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { buildProblem } from "./problem.js";
import { Script } from "./testing/script.js";

/** Three workers, and six tasks that stand on just one of them: much to improve. */
function crowded(): Script {
  const script = new Script();
  script.join("a");
  script.submit(job(["t0", "t1", "t2", "t3", "t4", "t5"].map((name) => template(name))));
  script.join("b");
  script.join("c");
  return script;
}

function offer(script: Script, problem: Problem, plan: Plan, change: { bound?: number } = {}) {
  const { value } = evaluate(problem, plan);
  const reply = script.do({
    type: "AdoptPlan",
    solver: "test",
    problem,
    modes: [],
    plan,
    value,
    bound: 0,
    facts: script.state.facts,
    planVersion: script.state.plan.version,
    ...change,
  });
  if (!reply.ok || reply.value.kind !== "adopt") throw new Error("no answer to a proposal");
  return reply.value.adopt;
}

const freeProblem = (script: Script): Problem =>
  buildProblem(script.state, script.nowMs, "free").problem;

describe("a proposed plan", () => {
  it("is adopted if it is better than the current one, and moves tasks", () => {
    const script = crowded();
    const problem = freeProblem(script);
    expect(offer(script, problem, greedy(problem))).toMatchObject({ adopted: true });
    expect(new Set([...script.state.plan.entries.values()].map(({ worker }) => worker)).size).toBe(
      3,
    );
    expect(script.state.index.live.size).toBe(3);
  });

  it("with a bound between two milliseconds is kept with one in whole milliseconds, as times are", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    // Far above what could be proven here, so that it is the one that counts.
    const bound = evaluate(problem, plan).value * 1.5 + 0.001_234_5;
    expect(offer(script, problem, plan, { bound })).toMatchObject({ adopted: true });
    const { makespanBoundMs } = script.state.plan;
    expect(makespanBoundMs).toBeGreaterThan(0);
    expect(makespanBoundMs).toBe(Math.floor(makespanBoundMs));
  });

  it("is not adopted twice: the second time it is no better", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    offer(script, problem, plan);
    expect(offer(script, problem, plan)).toMatchObject({ adopted: false });
  });

  it("made for a state that has passed is rebuilt: what ended is dropped, the rest shifts", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    script.started("t0");
    script.nowMs += 3_000;
    script.finished("t0");
    expect(offer(script, problem, plan)).toMatchObject({ adopted: true });
    const waiting = [...script.state.plan.entries].filter(
      ([task]) => script.state.tasks.get(task)?.status.kind === "ready",
    );
    expect(waiting.length).toBeGreaterThan(0);
    for (const [, entry] of waiting) expect(entry.startAtMs).toBeGreaterThan(script.nowMs);
    expect(script.state.plan.entries.has(taskId(jobId("job"), "t0"))).toBe(false);
  });

  it("that names workers which are gone is repaired, never obeyed", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    script.nowMs += 11_000;
    script.lastHeard.set("a" as never, script.nowMs);
    script.lastHeard.set("b" as never, script.nowMs);
    script.tick(0);
    offer(script, problem, plan);
    const workers = new Set([...script.state.plan.entries.values()].map(({ worker }) => worker));
    expect(workers.has("c" as never)).toBe(false);
  });

  it("that is garbage gives at worst a plan the checker accepts", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    plan.worker.fill(2);
    plan.start.fill(0);
    plan.option.fill(77);
    plan.end.fill(-5);
    offer(script, problem, plan);
    const now = freeProblem(script);
    expect(checkPlan(now, greedy(now)).violations).toEqual([]);
    expect(script.state.workers.get("c" as never)?.used.cpuMillis).toBeLessThanOrEqual(1_000);
  });

  it("carries no bound above its value, whatever the planner claims", () => {
    const script = crowded();
    const problem = freeProblem(script);
    offer(script, problem, greedy(problem), { bound: 1e9 });
    expect(script.state.plan.bound).toBeLessThanOrEqual(script.state.plan.value);
  });

  it("is adopted where all that it does is to leave out what greedy placement would not", () => {
    const objective = { makespan: 1, flow: 0, tardiness: 0, moves: 0, cost: 0 };
    const script = new Script({ objective });
    const names = ["a", "b"] as const;
    for (const name of names) script.join(name);
    const on = (worker: string) => ({
      constraints: [{ label: "almanac.worker", operator: "=" as const, values: [worker] }],
      estimate: { p50Ms: 5_000, p90Ms: 5_000 },
    });
    script.submit(job(names.map((name) => template(`busy-${name}`, on(name)))), "busy");
    // To leave out one of the two wins nothing: the other takes as long.
    script.submit(job(names.map((name) => template(name, { ...on(name), skipPrice: 2 }))));
    expect(names.map((name) => script.status(name))).toEqual(["ready", "ready"]);
    const problem = freeProblem(script);
    const plan = greedy(problem);
    const isOut = Array.from(problem.tasks.skipPrice, (price) => price === 2);
    const out = (column: Int32Array): Int32Array =>
      column.map((value, row) => (isOut[row] === true ? none : value));
    const without = { ...plan, worker: out(plan.worker), option: out(plan.option) };
    expect(offer(script, problem, without)).toMatchObject({ adopted: true });
    expect(script.state.plan.parts.skipped).toBe(4);
    expect(names.map((name) => script.status(name))).toEqual(["skipped", "skipped"]);
  });

  it("is refused its bound once facts have changed", () => {
    const script = crowded();
    const problem = freeProblem(script);
    const plan = greedy(problem);
    const claimed = evaluate(problem, plan).value - 0.01;
    const { facts } = script.state;
    script.join("d", { capacity: resources(4_000, 2 ** 30) });
    script.do({
      type: "AdoptPlan",
      solver: "test",
      problem,
      modes: [],
      plan,
      value: claimed,
      bound: claimed,
      facts,
      planVersion: script.state.plan.version,
    });
    expect(script.state.plan.bound).toBeLessThan(claimed);
  });
});
