/** Tasks of hard deadlines, and tasks that may be left out at a price. */
import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { Script } from "./testing/script.js";

const hard = (deadlineAtMs: number, p50Ms = 1_000) => ({
  hardDeadline: true,
  deadlineAtMs,
  estimate: { p50Ms, p90Ms: p50Ms },
});

function cluster(): Script {
  const script = new Script();
  script.join("a", { capacity: resources(1_000, 2 ** 30) });
  return script;
}

const reasonOf = (script: Script, name: string): string => {
  const status = script.state.tasks.get(taskId(jobId("job"), name))?.status;
  return status?.kind === "ended" ? status.reason : "";
};

const stateOf = (script: Script): string => script.state.jobs.get(jobId("job"))?.state ?? "";

describe("a task of a hard deadline", () => {
  it("waits as long as it can be met, is then skipped, and its job has failed", () => {
    const script = cluster();
    script.submit(
      job([template("busy", { priority: 9, estimate: { p50Ms: 9_000, p90Ms: 9_000 } })]),
      "b",
    );
    script.submit(
      job([template("t", hard(script.nowMs + 5_000)), template("next")], ["t -> next"]),
    );
    expect(script.status("t")).toBe("ready");
    script.tick(3_900);
    expect(script.status("t")).toBe("ready");
    script.tick(200);
    expect([script.status("t"), reasonOf(script, "t")]).toEqual([
      "skipped",
      "hard_deadline_missed",
    ]);
    expect([script.status("next"), stateOf(script)]).toEqual(["skipped", "failed"]);
  });

  it("is no failure where it was optional, or where its job says what then", () => {
    const late = cluster();
    late.submit(job([template("t", { ...hard(late.nowMs + 500), skipPrice: 5 })]));
    late.tick(1);
    expect([late.status("t"), stateOf(late)]).toEqual(["skipped", "succeeded"]);
    const handled = cluster();
    handled.submit(
      job([template("t", hard(handled.nowMs + 500)), template("then")], ["t -done> then"]),
    );
    handled.tick(1);
    expect([handled.status("t"), handled.status("then")]).toEqual(["skipped", "live"]);
    handled.finished("then");
    expect(stateOf(handled)).toBe("succeeded");
  });

  it("goes on where it runs, however late it gets", () => {
    const script = cluster();
    script.submit(job([template("t", hard(script.nowMs + 2_000))]));
    script.tick(60_000);
    expect(script.status("t")).toBe("live");
  });

  it("is not started where its worker is too slow for it", () => {
    const script = new Script();
    script.join("a", { capacity: resources(1_000, 2 ** 30), speed: 0.1 });
    script.submit(job([template("t", hard(script.nowMs + 5_000))]));
    expect(script.status("t")).toBe("ready");
    script.join("b", { capacity: resources(1_000, 2 ** 30) });
    expect(script.status("t")).toBe("live");
  });
});

describe("an optional task", () => {
  const long = { estimate: { p50Ms: 60_000, p90Ms: 60_000 } };

  it("runs where its price is higher than what it costs the plan", () => {
    const script = cluster();
    script.submit(job([template("t", { ...long, skipPrice: 1_000 })]));
    expect(script.status("t")).toBe("live");
  });

  it("is skipped where its price is lower, and what waits for it by its edge", () => {
    const script = cluster();
    const tasks = [template("t", { ...long, skipPrice: 10 }), template("a"), template("b")];
    script.submit(job(tasks, ["t -> a", "t -done> b"]));
    expect([script.status("t"), reasonOf(script, "t")]).toEqual(["skipped", "left_out"]);
    script.tick(1);
    expect([script.status("a"), script.status("b")]).toEqual(["skipped", "live"]);
    script.finished("b");
    expect(stateOf(script)).toBe("succeeded");
  });
});
