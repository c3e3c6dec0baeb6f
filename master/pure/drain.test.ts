import { describe, expect, it } from "vitest";
import { attemptId, jobId, taskId, workerId } from "../../core/ids.js";
import type { TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { forecastDrain } from "./drain-forecast.js";
import { effects, welcome } from "./effects.js";
import { forecast } from "./forecast.js";
import { Script } from "./testing/script.js";
import { nextWake } from "./tick.js";
import { taskView } from "./views.js";

const a = workerId("a");
const b = workerId("b");
const long = { p50Ms: 60_000, p90Ms: 90_000 };
const short = { p50Ms: 1_000, p90Ms: 1_500 };

/** One task that runs on `a`; `b` comes later. */
function running(change: Partial<TaskTemplate> = {}): Script {
  const script = new Script();
  script.join("a");
  script.submit(job([template("one", { estimate: long, idempotent: true, ...change })]));
  script.started("one");
  script.join("b");
  return script;
}

const task = (script: Script, name: string, id = "job") => {
  const found = script.state.tasks.get(taskId(jobId(id), name));
  if (found === undefined) throw new Error(`no task ${name}`);
  return found;
};
const workerOf = (script: Script, name: string, id = "job") =>
  task(script, name, id).attempts.at(-1)?.worker;

describe("a cordoned worker", () => {
  it("gets nothing new, keeps what runs, and its waiting tasks are planned elsewhere at once", () => {
    const script = running();
    script.do({ type: "Cordon", worker: a });
    script.submit(job([template("two"), template("three")]), "next");
    expect(workerOf(script, "two", "next")).toBe("b");
    expect(script.state.plan.entries.get(taskId(jobId("next"), "three"))?.worker).toBe("b");
    expect(script.status("one")).toBe("live");
    expect(forecast(script.state, script.nowMs).get(task(script, "one").id)?.worker).toBe("a");
  });

  it("stays cordoned when it registers anew, and takes work again once it is uncordoned", () => {
    const script = new Script();
    script.join("a");
    script.do({ type: "Cordon", worker: a });
    script.submit(job([template("one")]));
    script.join("a", {}, "s2", "b2");
    expect(script.status("one")).toBe("ready");
    const { reason, message } = taskView(script.state, task(script, "one"), new Map());
    expect({ reason, message }).toMatchObject({
      reason: "workers_closed",
      message: expect.stringContaining("a"),
    });
    script.do({ type: "Uncordon", worker: a });
    expect(script.status("one")).toBe("live");
  });

  it("is refused where there is no such worker, and changes nothing the second time", () => {
    const script = running();
    expect(script.do({ type: "Cordon", worker: workerId("x") })).toMatchObject({
      ok: false,
      error: { code: "not_found" },
    });
    script.do({ type: "Cordon", worker: a });
    const { seq } = script.state;
    script.do({ type: "Cordon", worker: a });
    expect(script.state.seq).toBe(seq);
  });
});

describe("a drain without a deadline", () => {
  it("lets everything run to its end and is complete with the last of it", () => {
    const script = running();
    script.do({ type: "Drain", worker: a, deadlineMs: null, force: false, thenStop: false });
    script.lastHeard.set(a, script.nowMs + 3_600_000);
    script.lastHeard.set(b, script.nowMs + 3_600_000);
    script.tick(3_600_000);
    expect(script.state.workers.get(a)?.drain?.stage).toBe("closed");
    script.finished("one");
    expect(nextWake(script.state, script.lastHeard)).toBeLessThanOrEqual(script.nowMs);
    script.tick(50);
    expect(script.state.workers.get(a)?.drain?.stage).toBe("completed");
    expect(effects(script.state, script.events).get(a)?.leave ?? false).toBe(false);
    script.submit(job([template("two")]), "next");
    expect(workerOf(script, "two", "next")).toBe("b");
    script.do({ type: "Undrain", worker: a });
    script.submit(job([template("three")]), "third");
    expect(workerOf(script, "three", "third")).toBe("a");
  });
});

describe("a drain that ends with a stop", () => {
  const completed = (): Script => {
    const script = running();
    script.do({ type: "Drain", worker: a, deadlineMs: null, force: false, thenStop: true });
    script.finished("one");
    script.tick(50);
    expect(script.state.workers.get(a)?.drain?.stage).toBe("completed");
    return script;
  };
  const helloOf = (script: Script, session: string) => {
    const worker = script.state.workers.get(a);
    if (worker === undefined) throw new Error("no such worker");
    const incarnation = { ...worker.incarnation, session };
    return { incarnation, facts: worker.facts, epochSeen: 1, live: [], unacknowledged: [] };
  };

  it("tells its worker to leave once nothing is left, and again should it not have heard", () => {
    const script = completed();
    const [last] = script.events.slice(-1);
    expect(last?.event.type).toBe("DrainCompleted");
    expect(effects(script.state, script.events.slice(0, -1)).get(a)?.leave ?? false).toBe(false);
    expect(effects(script.state, script.events.slice(-1)).get(a)?.leave).toBe(true);
    const again = helloOf(script, "s1");
    script.do({ type: "WorkerHello", hello: again });
    expect(welcome(script.state, again).commands.leave).toBe(true);
  });

  it("lets a worker stay that somebody has started again, drained as it is", () => {
    const script = completed();
    const another = helloOf(script, "another");
    script.do({ type: "WorkerHello", hello: another });
    expect(welcome(script.state, another).commands.leave).toBe(false);
    expect(script.state.workers.get(a)?.drain).toMatchObject({ stage: "completed" });
  });
});

describe("a drain with a deadline", () => {
  it("starts until then only what will be done by then", () => {
    const script = new Script();
    script.join("a");
    script.do({ type: "Drain", worker: a, deadlineMs: 10_000, force: false, thenStop: false });
    script.join("b");
    script.submit(
      job([
        template("long", { estimate: long }),
        template("short", { estimate: short }),
        template("late", { estimate: { p50Ms: 11_000, p90Ms: 11_000 } }),
      ]),
    );
    expect(workerOf(script, "long")).toBe("b");
    expect(workerOf(script, "short")).toBe("a");
    expect(script.state.plan.entries.get(task(script, "late").id)?.worker).toBe("b");
  });

  it("stops then what still runs and runs it elsewhere, and no retry is spent", () => {
    const script = running();
    script.do({ type: "Drain", worker: a, deadlineMs: 5_000, force: false, thenStop: false });
    expect(nextWake(script.state, new Map())).toBe(script.nowMs + 5_000);
    script.tick(4_999);
    expect(script.types()).not.toContain("AttemptStopRequested");
    script.tick(1);
    const last = script.events.filter(({ event }) => event.type === "AttemptStopRequested");
    expect(effects(script.state, last).get(a)?.stops).toMatchObject([
      { attempt: attemptId(task(script, "one").id, 1), reason: "cancelled", graceMs: 5_000 },
    ]);
    script.finished("one", { kind: "signalled", signal: "SIGTERM" });
    expect(script.types()).toContain("TaskRequeued");
    expect(workerOf(script, "one")).toBe("b");
    expect(task(script, "one").attempts[0]?.status).toMatchObject({ outcome: { kind: "drained" } });
    // Its one allowed try has not been used up: it is the next failure that ends it.
    expect(script.status("one")).toBe("live");
    script.finished("one", 1, 2);
    expect(script.status("one")).toBe("failed");
  });

  it("takes a program that was done after all at its word", () => {
    const script = running();
    script.do({ type: "Drain", worker: a, deadlineMs: 0, force: false, thenStop: false });
    script.finished("one", 0);
    expect(script.status("one")).toBe("succeeded");
  });

  it("keeps what may not run twice, unless its task says stop or the operator insists", () => {
    const outcomeOf = (change: Partial<TaskTemplate>, force: boolean): string | undefined => {
      const script = running({ idempotent: false, ...change });
      script.do({ type: "Drain", worker: a, deadlineMs: 0, force, thenStop: false });
      return task(script, "one").attempts[0]?.status.kind;
    };
    expect(outcomeOf({ onLost: { kind: "keep" } }, false)).toBe("running");
    expect(outcomeOf({ onLost: { kind: "stop", afterMs: 1_000 } }, false)).toBe("stopping");
    expect(outcomeOf({ onLost: { kind: "keep" } }, true)).toBe("stopping");
  });

  it("leaves a user's cancel the last word", () => {
    const script = running();
    script.do({ type: "Drain", worker: a, deadlineMs: 0, force: false, thenStop: false });
    script.do({ type: "Cancel", job: jobId("job"), task: null, reason: "enough" });
    script.finished("one", { kind: "cancelled" });
    expect(script.status("one")).toBe("cancelled");
  });

  it("moves at its deadline what was planned and came too late", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("first", { estimate: short }), template("next")]));
    script.join("b", { capacity: resources(500, 2 ** 30) });
    script.do({ type: "Drain", worker: a, deadlineMs: 3_000, force: false, thenStop: false });
    script.tick(3_000);
    script.join("c");
    expect(workerOf(script, "next")).toBe("c");
  });
});

describe("a dry run of a drain", () => {
  it("says what would be stopped and kept, where it would go, and what would be late", () => {
    const script = running();
    script.submit(job([template("kept", { estimate: long })]), "kept");
    script.submit(job([template("waits", { estimate: long })]), "waits");
    const before = script.state.seq;
    const worker = script.state.workers.get(a);
    if (worker === undefined) throw new Error("no worker");
    const foreseen = forecastDrain(
      script.state,
      worker,
      { deadlineMs: 10_000, force: false },
      script.nowMs,
    );
    expect(foreseen.attempts).toMatchObject([{ fate: "stopped", nextWorker: "b" }]);
    const [attempt] = foreseen.attempts;
    expect((attempt?.endAfterMs ?? 0) - (attempt?.endBeforeMs ?? 0)).toBeGreaterThan(50_000);
    expect(foreseen.moved).toBe(1);
    expect(foreseen.jobs.map(({ jobId: id }) => id)).toContain("job");
    expect(script.state.seq).toBe(before);
    const gentle = { deadlineMs: null, force: false };
    expect(forecastDrain(script.state, worker, gentle, script.nowMs).attempts).toMatchObject([
      { fate: "finishes" },
    ]);
  });
});
