/** Tasks that start together, keep apart or stay together, in a cluster of two workers. */
import { describe, expect, it } from "vitest";
import { jobId, taskId, workerId } from "../../core/ids.js";
import type { TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { liveAttempt } from "./state.js";
import { Script } from "./testing/script.js";

const two = { capacity: resources(2_000, 2 ** 30) };

function cluster(): Script {
  const script = new Script({ complete: false });
  script.join("a", { ...two, labels: { rack: "1" } });
  script.join("b", { ...two, labels: { rack: "2" } });
  return script;
}

const many = (count: number, change: Partial<TaskTemplate>): TaskTemplate[] =>
  Array.from({ length: count }, (_, i) => template(`t${i}`, change));

const placeOf = (script: Script, name: string): string | undefined => {
  const task = script.state.tasks.get(taskId(jobId("job"), name));
  return task === undefined ? undefined : liveAttempt(task)?.worker;
};

const launches = (script: Script): number =>
  script.events.filter(({ event }) => event.type === "GangLaunched").length;

describe("a gang", () => {
  it("is launched on all its workers by one event", () => {
    const script = cluster();
    script.submit(job(many(3, { gang: "g" })));
    expect(["t0", "t1", "t2"].map((name) => script.status(name))).toEqual(Array(3).fill("live"));
    expect(launches(script)).toBe(1);
    expect(script.types()).not.toContain("AttemptLaunched");
  });

  it("waits as a whole while there is room for a part of it, and nothing takes its place", () => {
    const script = cluster();
    script.submit(job([template("long", { estimate: { p50Ms: 5_000, p90Ms: 6_000 } })]), "first");
    const late = template("late", { estimate: { p50Ms: 60_000, p90Ms: 90_000 } });
    script.submit(job(many(4, { gang: "g" })));
    script.submit(job([late]), "second");
    expect(script.status("late", "second")).toBe("ready");
    expect(["t0", "t3"].map((name) => script.status(name))).toEqual(["ready", "ready"]);
    const long = script.state.tasks.get(taskId(jobId("first"), "long"));
    const attempt = long === undefined ? null : liveAttempt(long);
    if (attempt === null) throw new Error("does not run");
    script.tick(5_000);
    script.report(attempt, { kind: "exited", exitCode: 0 });
    expect(["t0", "t1", "t2", "t3"].map((name) => script.status(name))).toEqual(
      Array(4).fill("live"),
    );
  });

  it("that is larger than the cluster waits, and others go on", () => {
    const script = cluster();
    script.submit(job([...many(5, { gang: "g" }), template("other")]));
    expect([script.status("t0"), script.status("other")]).toEqual(["ready", "live"]);
  });

  it("is released as a whole where one member is refused, and starts together again", () => {
    const script = cluster();
    script.submit(job(many(3, { gang: "g" })));
    const attempts = ["t0", "t1", "t2"].map((name) => {
      const task = script.state.tasks.get(taskId(jobId("job"), name));
      const attempt = task === undefined ? null : liveAttempt(task);
      if (attempt === null) throw new Error(`${name} does not run`);
      return attempt;
    });
    const [first, second, third] = attempts;
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    script.refused(first);
    expect(["t0", "t1", "t2"].map((name) => script.status(name))).toEqual([
      "ready",
      "live",
      "live",
    ]);
    script.report(second, { kind: "cancelled" });
    expect([script.status("t0"), script.status("t1")]).toEqual(["ready", "ready"]);
    script.report(third, { kind: "cancelled" });
    expect(["t0", "t1", "t2"].map((name) => script.status(name))).toEqual(Array(3).fill("live"));
    expect(launches(script)).toBe(2);
  });

  it("leaves a member that fails to its own policy", () => {
    const script = cluster();
    const retry = { attemptsMax: 2, backoffMs: 1_000, backoffMaxMs: 1_000 };
    script.submit(job(many(3, { gang: "g", retry })));
    script.finished("t1", 1);
    expect([script.status("t0"), script.status("t1")]).toEqual(["live", "backoff"]);
    script.tick(1_100);
    expect([script.status("t0"), script.status("t1")]).toEqual(["live", "live"]);
  });

  it("waits for the last of what its members wait for", () => {
    const script = cluster();
    script.submit(job([...many(2, { gang: "g" }), template("before")], ["before -> t1"]));
    expect([script.status("t0"), script.status("t1")]).toEqual(["ready", "pending"]);
    script.finished("before");
    expect([script.status("t0"), script.status("t1")]).toEqual(["live", "live"]);
  });
});

describe("tasks that are spread", () => {
  it("never share a worker, and more than there are workers wait for one to end", () => {
    const script = cluster();
    script.submit(job(many(3, { spread: { group: "s", by: "worker" } })));
    const names = ["t0", "t1", "t2"];
    const live = names.filter((name) => script.status(name) === "live");
    expect(new Set(live.map((name) => placeOf(script, name)))).toEqual(new Set(["a", "b"]));
    script.finished(live[0] ?? "");
    expect(names.map((name) => script.status(name)).filter((one) => one === "ready")).toEqual([]);
  });

  it("keep off a rack where one of them may still run", () => {
    const script = cluster();
    script.join("c", { ...two, labels: { rack: "1" } });
    script.submit(job(many(2, { spread: { group: "s", by: "rack" } })));
    const on = new Set(["t0", "t1"].map((name) => placeOf(script, name)));
    expect(on.has("b")).toBe(true);
    expect(on.size).toBe(2);
  });
});

describe("tasks that stay together", () => {
  it("follow the first of them, though another worker would be free sooner", () => {
    const script = cluster();
    const chain = many(2, { colocate: { group: "c", by: "worker" } });
    script.submit(job(chain, ["t0 -> t1"]));
    const first = placeOf(script, "t0");
    script.finished("t0");
    expect(placeOf(script, "t1")).toBe(first);
  });

  it("go elsewhere where their worker is gone", () => {
    const script = cluster();
    const chain = many(2, { colocate: { group: "c", by: "worker" } });
    script.submit(job(chain, ["t0 -> t1"]));
    const first = placeOf(script, "t0") ?? "";
    script.do({ type: "Cordon", worker: workerId(first) });
    script.finished("t0");
    expect(placeOf(script, "t1")).toBe(first === "a" ? "b" : "a");
  });

  it("wait for a label that no worker has", () => {
    const script = cluster();
    script.submit(job(many(2, { colocate: { group: "c", by: "zone" } })));
    expect(script.status("t0")).toBe("ready");
  });
});
