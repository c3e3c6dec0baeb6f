/** One of an array first, where nothing is known of it. */
import { describe, expect, it } from "vitest";
import { bareEntry } from "../../core/bare-job.js";
import { jobId } from "../../core/ids.js";
import type { JobSpec, TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { estimateOf } from "./estimates.js";
import { brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";

const arrayOf = (name: string, size: number, change: Partial<TaskTemplate> = {}): JobSpec => ({
  ...job([template("t", { estimate: null, ...change })]),
  name,
  tasks: Array.from({ length: size }, (_, index) => bareEntry(`${name}${index}`, 0)),
});

/** One worker that runs what is known, with more of it waiting. */
function busy(change: Partial<TaskTemplate> = {}): Script {
  const script = new Script();
  script.join("a");
  script.submit(arrayOf("known", 1, change), "known-before");
  script.started("known0");
  script.nowMs += 1_000;
  script.finished("known0");
  script.submit(
    arrayOf("first", 6, { ...change, estimate: { p50Ms: 1_000, p90Ms: 1_000 } }),
    "first",
  );
  return script;
}

/** What was launched, in order. */
const launched = (script: Script): string[] =>
  script.events.flatMap(({ event }) =>
    event.type === "AttemptLaunched" ? [event.attempt.split("/")[1]?.split("#")[0] ?? ""] : [],
  );

function run(script: Script, count: number): void {
  for (let n = 0; n < count; n++) {
    const [task] = script.state.index.live;
    const attempt = task?.attempts.at(-1);
    if (attempt === undefined) return;
    script.report(attempt, null);
    script.nowMs += 1_000;
    for (const worker of script.lastHeard.keys()) script.lastHeard.set(worker, script.nowMs);
    script.report(attempt, { kind: "exited", exitCode: 0 });
  }
}

const order = (script: Script): string => {
  run(script, 20);
  return launched(script).slice(1).join(" ");
};

describe("the first of an array of which nothing is known", () => {
  it("goes ahead of what is left of other arrays, and alone", () => {
    const script = busy();
    script.submit(arrayOf("cold", 4), "cold");
    expect(order(script)).toBe("first0 cold0 first1 first2 first3 first4 first5 cold1 cold2 cold3");
    expect(brokenInvariants(script.state)).toEqual([]);
  });

  it("makes the rest of it known", () => {
    const script = busy();
    script.submit(arrayOf("cold", 4), "cold");
    const last = script.state.jobs.get(jobId("cold"))?.tasks[3];
    if (last === undefined) throw new Error("no task");
    run(script, 1);
    expect(estimateOf(script.state, last).confidence).toBeLessThan(0.4);
    run(script, 1);
    expect(estimateOf(script.state, last).confidence).toBeGreaterThan(0.4);
  });

  it("goes first again if it has failed", () => {
    const script = busy();
    script.submit(arrayOf("cold", 4), "cold");
    run(script, 1);
    script.started("cold0");
    script.finished("cold0", 1);
    expect(launched(script).slice(-1)).toEqual(["cold1"]);
  });

  it("does not go ahead of what is urgent, due, or smaller than itself", () => {
    const orders = [
      busy({ priority: 1 }),
      busy({ deadlineAtMs: 2_000_000 }),
      busy({ resources: resources(999) }),
    ].map((script) => {
      script.submit(arrayOf("cold", 4), "cold");
      return order(script);
    });
    const asPlanned = "first0 first1 first2 first3 first4 first5 cold0 cold1 cold2 cold3";
    expect(orders).toEqual([asPlanned, asPlanned, asPlanned]);
  });

  it("waits its turn where somebody has said how long it takes, or where it is no array", () => {
    const said = busy();
    said.submit(arrayOf("cold", 2, { estimate: { p50Ms: 2_000, p90Ms: 3_000 } }), "cold");
    expect(order(said)).not.toContain("first0 cold");
    const alone = busy();
    alone.submit(arrayOf("cold", 1), "cold");
    expect(order(alone)).not.toContain("first0 cold");
  });

  it("keeps no worker from what it could do meanwhile", () => {
    const script = new Script();
    script.join("a", { capacity: resources(2_000, 2 ** 30) });
    script.submit(arrayOf("first", 6, { resources: resources(1_000) }), "first");
    script.submit(arrayOf("cold", 3, { resources: resources(1_000) }), "cold");
    for (let round = 0; round < 12; round++) {
      const left = [...script.state.tasks.values()].filter(
        ({ status }) => status.kind !== "ended",
      ).length;
      expect(script.state.index.live.size).toBe(Math.min(2, left));
      run(script, 1);
    }
  });
});
