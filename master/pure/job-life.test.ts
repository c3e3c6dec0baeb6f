import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { stateHash } from "./hash.js";
import { Script } from "./testing/script.js";

describe("a job", () => {
  it("runs its tasks in the order of their dependencies and succeeds", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one"), template("two")], ["one -> two"]));
    expect([script.status("one"), script.status("two")]).toEqual(["live", "pending"]);
    script.started("one");
    script.nowMs += 900;
    script.finished("one");
    expect([script.status("one"), script.status("two")]).toEqual(["succeeded", "live"]);
    script.started("two");
    script.finished("two");
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("succeeded");
    expect(script.types().at(-1)).toBe("JobEnded");
  });

  it("gets a reservation for every runnable task before any solver has spoken", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one"), template("two"), template("three")], ["one -> two"]));
    expect(script.state.plan.entries.size).toBe(3);
    expect(script.state.plan.solver).toBe("greedy");
  });

  it("waits with a reason while no worker fits, and is placed when one joins", () => {
    const script = new Script();
    script.join("small");
    const reply = script.submit(job([template("big", { resources: resources(4_000) })]));
    expect(reply).toMatchObject({
      ok: true,
      value: { submit: { warnings: [{ field: "tasks.big.resources" }] } },
    });
    expect(script.status("big")).toBe("ready");
    script.join("large", { capacity: resources(8_000, 2 ** 30) });
    expect(script.status("big")).toBe("live");
  });

  it("is refused where the cluster is complete and no worker could run it", () => {
    const script = new Script({ complete: true });
    script.join("small");
    const before = stateHash(script.state.hash);
    const reply = script.submit(job([template("big", { resources: resources(4_000) })]));
    expect(reply).toMatchObject({ ok: false, error: { code: "unplaceable" } });
    expect(stateHash(script.state.hash)).toBe(before);
  });

  it("is returned, not repeated, for the same idempotency key", () => {
    const script = new Script();
    const spec = job([template("one")]);
    const submit = (id: string) =>
      script.do({ type: "Submit", jobId: jobId(id), spec, idempotencyKey: "k" });
    submit("first");
    expect(submit("second")).toMatchObject({
      ok: true,
      value: { submit: { jobId: "first", duplicate: true } },
    });
    expect(script.state.jobs.size).toBe(1);
  });
});

describe("a failed task", () => {
  it("is tried again after a backoff, then fails its job and skips what needed it", () => {
    const script = new Script();
    script.join("a");
    const retry = { attemptsMax: 2, backoffMs: 1_000, backoffMaxMs: 60_000 };
    script.submit(job([template("one", { retry }), template("two")], ["one -> two"]));
    script.started("one");
    script.finished("one", 7);
    expect(script.status("one")).toBe("backoff");
    script.tick(1_000);
    expect(script.status("one")).toBe("live");
    script.started("one", 2);
    script.finished("one", 7, 2);
    expect([script.status("one"), script.status("two")]).toEqual(["failed", "skipped"]);
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("failed");
  });

  it("starts what was to run on failure, and the job that foresaw it succeeds", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one"), template("mend")], ["one -failure> mend"]));
    script.started("one");
    script.finished("one", 1);
    expect(script.status("mend")).toBe("live");
    script.started("mend");
    script.finished("mend");
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("succeeded");
  });

  it("runs once more, with what was skipped for it, when the user retries", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one"), template("two")], ["one -> two"]));
    script.started("one");
    script.finished("one", 1);
    expect(script.do({ type: "Retry", job: jobId("job"), task: null })).toMatchObject({
      value: { tasks: 2 },
    });
    expect([script.status("one"), script.status("two")]).toEqual(["live", "pending"]);
    script.started("one", 2);
    script.finished("one", 0, 2);
    script.started("two");
    script.finished("two");
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("succeeded");
  });
});

describe("retrying one task of several that failed", () => {
  it("leaves skipped what another failure still keeps from running", () => {
    const script = new Script();
    script.join("a", { capacity: resources(4_000, 2 ** 30) });
    script.submit(
      job(
        [template("one"), template("two"), template("both"), template("after")],
        ["one -> both", "two -> both", "one -> after"],
      ),
    );
    script.started("one");
    script.finished("one", 1);
    script.started("two");
    script.finished("two", 1);
    script.do({ type: "Retry", job: jobId("job"), task: taskId(jobId("job"), "one") });
    expect([script.status("both"), script.status("after")]).toEqual(["skipped", "pending"]);
    script.started("one", 2);
    script.finished("one", 0, 2);
    expect(script.status("after")).toBe("live");
  });
});

describe("cancelling", () => {
  it("ends what waits at once and what runs when its worker has stopped it", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one"), template("two")], ["one -> two"]));
    script.started("one");
    script.do({ type: "Cancel", job: jobId("job"), task: null, reason: "enough" });
    expect([script.status("one"), script.status("two")]).toEqual(["live", "cancelled"]);
    expect(script.types()).toContain("AttemptStopRequested");
    script.finished("one", { kind: "cancelled" });
    expect(script.status("one")).toBe("cancelled");
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("cancelled");
  });

  it("of a job that has ended is refused and changes nothing", () => {
    const script = new Script();
    script.join("a");
    script.submit(job([template("one")]));
    script.started("one");
    script.finished("one");
    const before = stateHash(script.state.hash);
    const reply = script.do({ type: "Cancel", job: jobId("job"), task: null, reason: "" });
    expect(reply).toMatchObject({ ok: false, error: { code: "failed_precondition" } });
    expect(stateHash(script.state.hash)).toBe(before);
  });

  it("happens by itself when the job passes its timeout", () => {
    const script = new Script();
    script.join("a");
    script.submit({ ...job([template("one"), template("two")]), timeoutMs: 10_000 });
    script.started("one");
    script.tick(10_000);
    script.finished("one", { kind: "cancelled" });
    expect([script.status("one"), script.status("two")]).toEqual(["timed_out", "timed_out"]);
    expect(script.state.jobs.get(jobId("job"))?.state).toBe("timed_out");
  });
});

describe("limits on running at once", () => {
  it("holds maxConcurrent tasks of a template, whatever is free", () => {
    const script = new Script();
    script.join("a", { capacity: resources(8_000, 2 ** 30) });
    const array = job([template("one", { maxConcurrent: 2 })]);
    script.submit({
      ...array,
      tasks: [0, 1, 2, 3].map((i) => ({
        name: `one[${i}]`,
        template: 0,
        env: {},
        estimate: null,
        inputBytes: null,
      })),
    });
    expect(script.state.index.live.size).toBe(2);
    script.started("one[0]");
    script.finished("one[0]");
    expect(script.state.index.live.size).toBe(2);
  });

  it("never passes a worker's capacity or a pool", () => {
    const script = new Script({ pools: [{ name: "licence", capacity: 1 }] });
    script.join("a", { capacity: resources(2_000, 2 ** 30) });
    const licensed = (name: string) => template(name, { pools: { licence: 1 } });
    script.submit(job([licensed("one"), licensed("two"), template("three"), template("four")]));
    expect(script.state.index.live.size).toBe(2);
    expect(script.state.poolUse.get("licence")).toBe(1);
    expect(script.state.workers.get("a" as never)?.used.cpuMillis).toBe(2_000);
  });

  it("lets others go ahead of a task that waits for a pool, not for its worker", () => {
    const script = new Script({ pools: [{ name: "licence", capacity: 1 }] });
    script.join("a");
    script.join("b");
    const long = { estimate: { p50Ms: 60_000, p90Ms: 60_000 } };
    const licensed = (name: string) => template(name, { pools: { licence: 1 }, ...long });
    script.submit(job([licensed("one"), licensed("two"), template("three")]));
    expect(script.status("one")).toBe("live");
    expect(script.status("two")).toBe("ready");
    expect(script.status("three")).toBe("live");
  });

  it("starts nothing before its scheduled time, nor before the job it comes after", () => {
    const script = new Script();
    script.join("a", { capacity: resources(4_000, 2 ** 30) });
    script.submit(job([template("later", { scheduledAtMs: script.nowMs + 5_000 })]), "first");
    script.submit(
      { ...job([template("after")]), after: [{ jobId: "first", on: "success" }] },
      "second",
    );
    expect([script.status("later", "first"), script.status("after", "second")]).toEqual([
      "pending",
      "pending",
    ]);
    script.tick(5_000);
    expect(script.status("later", "first")).toBe("live");
    script.started("later");
    script.finished("later");
    expect(script.status("after", "second")).toBe("live");
  });

  it("lets a short task go early only beside the reservations before it", () => {
    const script = new Script();
    script.join("a", { capacity: resources(2_000, 2 ** 30) });
    const wide = template("wide", {
      resources: resources(2_000),
      priority: 10,
      estimate: { p50Ms: 10_000, p90Ms: 12_000 },
    });
    const long = template("long", { estimate: { p50Ms: 9_000, p90Ms: 20_000 } });
    const short = template("short", { estimate: { p50Ms: 1_000, p90Ms: 2_000 } });
    const first = template("first", { estimate: { p50Ms: 4_000, p90Ms: 4_000 } });
    script.submit(job([first, wide], ["first -> wide"]), "j1");
    script.submit(job([long]), "j2");
    script.submit(job([short]), "j3");
    expect(script.status("first", "j1")).toBe("live");
    expect(script.status("short", "j3")).toBe("live");
    expect(script.status("long", "j2")).toBe("ready");
    expect(script.state.tasks.get(taskId(jobId("j1"), "wide"))?.status.kind).toBe("pending");
  });
});

describe("a job's timeout", () => {
  it("counts anew when the job is retried", () => {
    const script = new Script();
    script.join("a");
    script.submit({ ...job([template("one")]), timeoutMs: 9_000 });
    script.started("one");
    script.tick(8_000);
    script.finished("one", 1);
    script.do({ type: "Retry", job: jobId("job"), task: null });
    script.tick(2_000);
    expect(script.status("one")).toBe("live");
    script.tick(7_000);
    expect(script.types()).toContain("AttemptStopRequested");
  });
});
