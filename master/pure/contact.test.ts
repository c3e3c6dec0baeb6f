import { describe, expect, it } from "vitest";
import { attemptId, jobId, taskId, workerId } from "../../core/ids.js";
import { job, template, workerFacts } from "../../core/testing/jobs.js";
import { welcome } from "./effects.js";
import { Script } from "./testing/script.js";

const a = workerId("a");
const one = attemptId(taskId(jobId("job"), "one"), 1);
const retry = { attemptsMax: 1, backoffMs: 1_000, backoffMaxMs: 60_000 };
const incarnation = { worker: a, boot: "b1", session: "s1" };

/** A worker with one running task, then silence until it counts as lost. */
function lose(change: Parameters<typeof template>[1]): Script {
  const script = new Script();
  script.join("a");
  script.submit(job([template("one", change)]));
  script.started("one");
  script.tick(10_001);
  expect(script.state.workers.get(a)?.state).toBe("lost");
  return script;
}

describe("a worker silent for longer than the limit", () => {
  it("is lost; what may run twice is replaced at once", () => {
    const script = lose({ idempotent: true });
    expect(script.status("one")).toBe("ready");
    script.join("b");
    expect(script.status("one")).toBe("live");
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts).toHaveLength(2);
  });

  it("keeps a task that says so: unknown, still charged, never started twice", () => {
    const script = lose({ onLost: { kind: "keep" } });
    script.join("b");
    script.tick(3_600_000);
    expect(script.state.index.unknown.size).toBe(1);
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts).toHaveLength(1);
    expect(script.state.workers.get(a)?.used.cpuMillis).toBe(1_000);
  });

  it("gives a task that must have been stopped to another worker, not a moment earlier", () => {
    const script = lose({ onLost: { kind: "stop", afterMs: 20_000 }, killGraceMs: 5_000 });
    script.join("b");
    // Last heard at 0; stopped by 20 s + 5 s grace + 2 s margin.
    script.lastHeard.set(workerId("b"), script.nowMs + 60_000);
    script.tick(16_998);
    expect(script.state.index.unknown.size).toBe(1);
    script.tick(2);
    expect(script.status("one")).toBe("live");
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts[1]?.worker).toBe("b");
  });

  it("is not lost by a pause that is shorter than the limit", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one", { idempotent: true })]));
    script.started("one");
    script.tick(9_999);
    expect(script.state.workers.get(a)?.state).toBe("connected");
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts).toHaveLength(1);
  });
});

describe("a worker that returns", () => {
  const hello = (live: boolean) => ({
    incarnation,
    facts: workerFacts("a"),
    epochSeen: 1,
    live: live ? [{ attempt: one, startedAtMs: 1_000_000, pid: 1 }] : [],
    unacknowledged: [],
  });

  it("has its running attempt taken up, not started anew", () => {
    const script = lose({ onLost: { kind: "keep" } });
    script.do({ type: "WorkerHello", hello: hello(true) });
    expect(script.types().slice(-2)).toEqual(["WorkerRegistered", "AttemptRecovered"]);
    expect(welcome(script.state, hello(true))).toMatchObject({ keep: [one], kill: [] });
    script.finished("one");
    expect(script.status("one")).toBe("succeeded");
  });

  it("is told to kill what was given to another meanwhile", () => {
    const script = lose({ idempotent: true });
    script.join("b");
    script.do({ type: "WorkerHello", hello: hello(true) });
    expect(welcome(script.state, hello(true))).toMatchObject({ keep: [], kill: [one] });
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts[1]?.worker).toBe("b");
  });

  it("reports what ended while the master was away, once", () => {
    const script = lose({ onLost: { kind: "keep" } });
    const report = {
      attempt: one,
      outcome: { kind: "exited" as const, exitCode: 0 },
      usage: { peakMemoryBytes: null, cpuMs: null },
      startedAtMs: 1_000_000,
      endedAtMs: 1_005_000,
      stdoutBytes: 0,
      stderrBytes: 0,
    };
    const again = { ...hello(false), unacknowledged: [report, report] };
    script.do({ type: "WorkerHello", hello: again });
    script.do({ type: "WorkerHello", hello: again });
    expect(script.status("one")).toBe("succeeded");
    expect(script.types().filter((type) => type === "AttemptEnded")).toHaveLength(1);
  });

  it("is sent again a launch that may have been lost on the way", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one")]));
    script.do({ type: "WorkerHello", hello: hello(false) });
    const { commands } = welcome(script.state, hello(false));
    expect(commands.launches.map((launch) => launch.attempt)).toEqual([one]);
  });

  it("after a reboot has lost its attempts, and they run again where that is allowed", () => {
    const script = lose({ onLost: { kind: "keep" } });
    script.join("a", {}, "s2", "b2");
    expect(script.types()).toContain("TaskRequeued");
    expect(script.state.tasks.get(taskId(jobId("job"), "one"))?.attempts).toHaveLength(2);
  });
});

describe("another supervisor on a machine that was never off", () => {
  const keep = { onLost: { kind: "keep" as const } };
  const come = (script: Script, session: string, ledger: string): void => {
    const facts = workerFacts("a");
    const said = { worker: a, boot: "b1", session, ledger };
    const nothing = { epochSeen: 0, live: [], unacknowledged: [] };
    script.lastHeard.set(a, script.nowMs);
    script.do({ type: "WorkerHello", hello: { incarnation: said, facts, ...nothing } });
  };

  function running(): Script {
    const script = new Script();
    come(script, "s1", "l1");
    script.submit(job([template("one", keep)]));
    script.started("one");
    return script;
  }

  it("knows of all that was begun where it goes on with the same ledger", () => {
    const script = running();
    script.tick(10_001);
    expect(script.state.index.unknown.size).toBe(1);
    come(script, "s2", "l1");
    expect(script.state.index.unknown.size).toBe(0);
    expect(script.types()).toContain("TaskRequeued");
  });

  it.each(["while the first was heard", "after it was lost"])(
    "knows nothing with a ledger of its own: what ran is unknown, %s",
    (when) => {
      const script = running();
      if (when === "after it was lost") script.tick(10_001);
      come(script, "s2", "l2");
      script.tick(100);
      expect(script.state.workers.get(a)?.state).toBe("connected");
      expect(script.state.index.unknown.size).toBe(1);
      expect(script.types()).not.toContain("TaskRequeued");
    },
  );
});

describe("an unknown attempt that an operator has looked after", () => {
  const id = taskId(jobId("job"), "one");

  it("lets its task run again, and no retry is spent", () => {
    const script = lose({ onLost: { kind: "keep" } });
    script.join("b");
    script.do({ type: "Resolve", task: id, as: "retry" });
    expect(script.types()).toContain("AttemptResolved");
    expect(script.state.tasks.get(id)?.attempts[1]?.worker).toBe("b");
    script.finished("one", 0, 2);
    expect(script.status("one")).toBe("succeeded");
    expect(script.state.workers.get(a)?.used.cpuMillis).toBe(0);
  });

  it("fails its task where that is what they say", () => {
    const script = lose({ onLost: { kind: "keep" }, retry: { ...retry, attemptsMax: 3 } });
    script.do({ type: "Resolve", task: id, as: "failed" });
    expect(script.status("one")).toBe("failed");
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("failed");
  });

  it("is killed where it lives after all", () => {
    const script = lose({ onLost: { kind: "keep" } });
    script.do({ type: "Resolve", task: id, as: "retry" });
    const live = [{ attempt: one, startedAtMs: 1_000_000, pid: 1 }];
    const facts = workerFacts("a");
    const hello = { incarnation, facts, epochSeen: 1, live, unacknowledged: [] };
    script.do({ type: "WorkerHello", hello });
    expect(welcome(script.state, hello).kill).toEqual([one]);
  });

  it("is nothing to resolve while its worker is there", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one")]));
    expect(script.do({ type: "Resolve", task: id, as: "retry" })).toMatchObject({
      ok: false,
      error: { code: "failed_precondition" },
    });
  });
});
