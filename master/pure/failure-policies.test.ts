/** What follows a failure, as its task and its job say. */
import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import type { JobSpec, RetryPolicy, TaskMode, TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import type { Outcome } from "../../core/worker.js";
import { replacementsAtOnce } from "./outcome.js";
import type { Task } from "./state.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";

const retry = (change: Partial<RetryPolicy>): Pick<TaskTemplate, "retry"> => ({
  retry: { attemptsMax: 10, backoffMs: 1_000, backoffMaxMs: 1_000, ...change },
});

function scriptOf(change: Partial<TaskTemplate>, more: Partial<JobSpec> = {}): Script {
  const script = new Script();
  script.join("a", { capacity: resources(4_000, 2 ** 30) });
  script.submit({ ...job([template("one", change)]), ...more });
  return script;
}

const taskOf = (script: Script, name = "one"): Task => {
  const task = script.state.tasks.get(taskId(jobId("job"), name));
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
};

const endOf = (script: Script, name = "one") => {
  const { status } = taskOf(script, name);
  return status.kind === "ended" ? status : null;
};

/** Its newest attempt runs and ends so; then time passes until it may be tried again. */
function tried(script: Script, outcome: Outcome | number, name = "one"): void {
  const { length } = taskOf(script, name).attempts;
  script.started(name, length);
  script.finished(name, outcome, length);
  expect(brokenInvariants(script.state)).toEqual([]);
  passes(script, 60_000);
}

/** Time passes in which every worker is heard of. */
function passes(script: Script, forwardMs: number): void {
  for (const id of script.lastHeard.keys()) script.lastHeard.set(id, script.nowMs + forwardMs);
  script.tick(forwardMs);
}

const outOfMemory: Outcome = { kind: "out_of_memory" };

describe("exit codes that are never retried", () => {
  it("end the task at once; others are tried again", () => {
    const script = scriptOf(retry({ never: [{ from: 64, to: 78 }] }));
    tried(script, 1);
    expect(script.status("one")).toBe("live");
    tried(script, 70);
    expect(endOf(script)).toMatchObject({
      state: "failed",
      reason: "exit_code",
      message: "exited with code 70, which is never retried",
    });
  });
});

describe("a budget of retries", () => {
  it("is shared by the tasks of a job, and full again after a retry by hand", () => {
    const script = new Script();
    script.join("a", { capacity: resources(4_000, 2 ** 30) });
    const templates = [template("one", retry({})), template("two", retry({}))];
    script.submit({ ...job(templates), retryBudget: 3 });
    tried(script, 1, "one");
    tried(script, 1, "two");
    tried(script, 1, "one");
    tried(script, 1, "two");
    expect(endOf(script, "two")).toMatchObject({ reason: "retry_budget_spent" });
    expect(endOf(script, "two")?.message).toContain("3 attempts after failures are spent");
    script.started("one", 3);
    script.finished("one", 0, 3);
    script.do({ type: "Retry", job: jobId("job"), task: null });
    tried(script, 1, "two");
    expect(script.status("two")).toBe("live");
  });

  it("of nothing means that nothing is tried again", () => {
    const script = scriptOf(retry({}), { retryBudget: 0 });
    tried(script, 1);
    expect(script.status("one")).toBe("failed");
  });

  it("is not spent by what was lost", () => {
    const script = scriptOf(retry({}), { retryBudget: 0 });
    script.refused(taskOf(script).attempts[0] as never);
    expect(script.status("one")).toBe("live");
    expect(script.state.jobs.get(jobId("job"))?.retriesSpent).toBe(0);
  });
});

describe("more memory", () => {
  const grows = { ...retry({ moreMemory: { factor: 2, maxBytes: 7 * 2 ** 20 } }) };
  const memories = (script: Script): number[] =>
    [...taskOf(script).ways].map(({ template: way }) => way.resources.memoryBytes);

  it("is asked for after the task has run out of it, up to the limit, and charged", () => {
    const script = scriptOf({ ...grows, resources: resources(1_000, 2 ** 21) });
    const used = (): number => [...script.state.workers.values()][0]?.used.memoryBytes ?? 0;
    expect(used()).toBe(2 ** 21);
    tried(script, outOfMemory);
    expect(memories(script)).toEqual([2 ** 22]);
    expect(used()).toBe(2 ** 22);
    tried(script, outOfMemory);
    expect(used()).toBe(7 * 2 ** 20);
    tried(script, outOfMemory);
    expect(used()).toBe(7 * 2 ** 20);
    expectCodecLaw(script.events, script.events.length - 2);
  });

  it("moves the task to a worker that has it", () => {
    const script = new Script();
    script.join("small", { capacity: resources(4_000, 3 * 2 ** 20) });
    script.submit(job([template("one", { ...grows, resources: resources(1_000, 2 ** 21) })]));
    script.join("large", { capacity: resources(1_000, 2 ** 30) });
    expect(taskOf(script).attempts.at(-1)?.worker).toBe("small");
    tried(script, outOfMemory);
    expect(taskOf(script).attempts.at(-1)?.worker).toBe("large");
  });

  it("is not for failures of another kind", () => {
    const script = scriptOf(grows);
    tried(script, 1);
    expect(memories(script)).toEqual([2 ** 20]);
  });
});

describe("a fallback", () => {
  const way: TaskMode = {
    name: "fallback",
    driver: "process",
    command: null,
    resources: resources(2_000, 2 ** 20),
    gpu: null,
    pools: {},
    constraints: [{ label: "strong", operator: "exists", values: [] }],
    estimate: null,
    timeoutMs: null,
  };
  const withFallback = retry({ attemptsMax: 2, fallback: { way, attemptsMax: 2 } });

  it("is tried once the task's own attempts are over, where it can run, as often as it says", () => {
    const script = scriptOf(withFallback);
    script.join("b", { capacity: resources(4_000, 2 ** 30), labels: { strong: "yes" } });
    tried(script, 1);
    tried(script, 1);
    const third = taskOf(script).attempts.at(-1);
    expect(third).toMatchObject({ number: 3, worker: "b", mode: "fallback" });
    tried(script, 1);
    tried(script, 1);
    expect(script.status("one")).toBe("failed");
    expect(taskOf(script).attempts.map(({ mode }) => mode)).toEqual([
      undefined,
      undefined,
      "fallback",
      "fallback",
    ]);
    for (const cut of [5, 12, script.events.length - 3]) expectCodecLaw(script.events, cut);
  });

  it("is tried after a code that is never retried, and is over when the task succeeds", () => {
    const script = scriptOf(
      retry({
        never: [{ from: 3, to: 3 }],
        fallback: { way: { ...way, constraints: [] }, attemptsMax: 1 },
      }),
    );
    tried(script, 3);
    expect(taskOf(script).attempts.at(-1)?.mode).toBe("fallback");
    tried(script, 0);
    expect(script.status("one")).toBe("succeeded");
  });

  it("gives way to the task's own attempts after a retry by hand", () => {
    const own = { ...way, constraints: [] };
    const script = scriptOf(retry({ attemptsMax: 1, fallback: { way: own, attemptsMax: 1 } }));
    tried(script, 1);
    tried(script, 1);
    script.do({ type: "Retry", job: jobId("job"), task: null });
    expect(taskOf(script).attempts.at(-1)).toMatchObject({ number: 3 });
    expect(taskOf(script).attempts.at(-1)?.mode).toBeUndefined();
  });
});

describe("an attempt that is lost through no fault of its own", () => {
  it("is replaced at once a few times, then later and later (nomad#9506)", () => {
    const script = scriptOf({ idempotent: true });
    const waits: number[] = [];
    for (let n = 0; n < 9; n++) {
      const attempt = taskOf(script).attempts.at(-1);
      if (attempt === undefined) throw new Error("no attempt");
      script.refused(attempt);
      const { status } = taskOf(script);
      waits.push(status.kind === "backoff" ? status.untilMs - script.nowMs : 0);
      passes(script, 60_000);
    }
    expect(waits.filter((wait) => wait === 0)).toHaveLength(replacementsAtOnce);
    const later = waits.slice(replacementsAtOnce);
    later.forEach((wait, n) => {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** n);
      expect(wait).toBeLessThanOrEqual(1_000 * 2 ** n);
    });
  });
});

describe("a poison task", () => {
  it("is stopped when it has gone down with its supervisor again and again", () => {
    const script = scriptOf({ idempotent: true, ...retry({ crashesMax: 3 }) });
    tried(script, { kind: "supervisor_lost" });
    tried(script, { kind: "supervisor_lost" });
    expect(script.status("one")).toBe("live");
    tried(script, { kind: "supervisor_lost" });
    expect(endOf(script)).toMatchObject({ state: "failed", reason: "poison" });
  });

  it("is not one that had run for long when its worker went down", () => {
    const script = scriptOf({ idempotent: true, ...retry({ crashesMax: 2 }) });
    for (const attempt of [1, 2, 3]) {
      script.started("one", attempt);
      passes(script, 3_600_001);
      script.finished("one", { kind: "supervisor_lost" }, attempt);
    }
    expect(script.status("one")).toBe("live");
  });

  it("is stopped when its workers are lost while it runs; what had not begun is innocent", () => {
    const script = new Script();
    for (const name of ["a", "b", "c", "d"]) script.join(name);
    script.submit(job([template("one", { idempotent: true, ...retry({ crashesMax: 2 }) })]));
    const loseIts = (): void => {
      const worker = taskOf(script).attempts.at(-1)?.worker;
      for (const id of script.lastHeard.keys())
        if (id !== worker) script.lastHeard.set(id, script.nowMs + 20_000);
      script.tick(20_000);
    };
    loseIts();
    expect(script.status("one")).toBe("live");
    for (const attempt of [2, 3]) {
      script.started("one", attempt);
      loseIts();
    }
    expect(endOf(script)).toMatchObject({ reason: "poison" });
  });
});

describe("partial success", () => {
  const many = (count: number, change: Partial<TaskTemplate> = {}) =>
    Array.from({ length: count }, (_, i) => template(`t${i}`, change));

  function ended(spec: JobSpec, failing: readonly string[]): string | undefined {
    const script = new Script();
    script.join("a", { capacity: resources(64_000, 2 ** 40) });
    script.submit(spec);
    for (let live = script.state.index.live; live.size > 0; ) {
      const [task] = live;
      if (task === undefined) break;
      script.started(task.entry.name);
      script.finished(task.entry.name, failing.includes(task.entry.name) ? 1 : 0);
    }
    return script.state.jobs.get(jobId("job"))?.state;
  }

  it("is success where the job says how much is enough, and not below", () => {
    const spec = { ...job(many(20)), success: { atLeast: 0.95 } };
    expect(ended(spec, ["t3"])).toBe("succeeded");
    expect(ended(spec, ["t3", "t4"])).toBe("failed");
    expect(ended(job(many(20)), ["t3"])).toBe("failed");
  });

  it("counts what a failure kept from running as failed, and not what runs only after failures", () => {
    const spec = job(many(4), ["t0 -> t1", "t2 -failure> t3"]);
    expect(ended({ ...spec, success: { atLeast: 0.5 } }, ["t0"])).toBe("failed");
    expect(ended({ ...spec, success: { atLeast: 0.3 } }, ["t0"])).toBe("succeeded");
    expect(ended({ ...spec, success: { atLeast: 1 } }, [])).toBe("succeeded");
  });

  it("is success as well where what failed may fail", () => {
    const spec = job([template("t0", { mayFail: true }), template("t1")]);
    expect(ended(spec, ["t0"])).toBe("succeeded");
    expect(ended(spec, ["t1"])).toBe("failed");
  });
});
