import { describe, expect, it } from "vitest";
import { jobId, taskId, workerId } from "../../core/ids.js";
import { job, template } from "../../core/testing/jobs.js";
import { forecast } from "./forecast.js";
import { Script } from "./testing/script.js";

const a = workerId("a");
const minuteMs = 60_000;

function window(script: Script, fromMs: number, lengthMs: number, everyMs: number | null = null) {
  const times = { fromMs: script.nowMs + fromMs, toMs: script.nowMs + fromMs + lengthMs, everyMs };
  return script.do({ type: "ScheduleMaintenance", worker: a, window: times });
}

/** A worker that is heard of whatever happens. */
function alone(): Script {
  const script = new Script();
  script.join("a");
  script.lastHeard.set(a, Number.MAX_SAFE_INTEGER);
  return script;
}

const estimate = { p50Ms: 5 * minuteMs, p90Ms: 6 * minuteMs };

describe("a maintenance window", () => {
  it("has nothing planned or started into it; the work comes after it", () => {
    const script = alone();
    window(script, 2 * minuteMs, 10 * minuteMs);
    script.submit(job([template("long", { estimate }), template("brief")]));
    expect(script.status("brief")).toBe("live");
    const long = taskId(jobId("job"), "long");
    const { startP50AtMs = 0 } = forecast(script.state, script.nowMs).get(long) ?? {};
    expect(startP50AtMs).toBeGreaterThanOrEqual(script.nowMs + 12 * minuteMs);
    script.finished("brief");
    script.tick(2 * minuteMs);
    expect(script.status("long")).toBe("ready");
    script.tick(10 * minuteMs);
    expect(script.status("long")).toBe("live");
    expect(script.state.workers.get(a)?.maintenance).toEqual([]);
  });

  it("moves to another worker what it is in the way of", () => {
    const script = alone();
    const longer = { p50Ms: 6 * minuteMs, p90Ms: 6 * minuteMs };
    script.submit(job([template("first", { estimate: longer }), template("long", { estimate })]));
    script.join("b");
    window(script, 2 * minuteMs, 10 * minuteMs);
    expect(script.state.tasks.get(taskId(jobId("job"), "long"))?.attempts[0]?.worker).toBe("b");
  });

  it("stops nothing that runs longer than foreseen", () => {
    const script = alone();
    script.submit(job([template("one")]));
    window(script, 0, minuteMs);
    script.tick(1_000);
    expect(script.types()).not.toContain("AttemptStopRequested");
  });

  it("comes again every week, and holds until it is removed", () => {
    const script = alone();
    const weekMs = 7 * 86_400_000;
    window(script, minuteMs, 60 * minuteMs, weekMs);
    script.tick(weekMs + 2 * minuteMs);
    script.submit(job([template("one")]));
    expect(script.status("one")).toBe("ready");
    const [known] = script.state.workers.get(a)?.maintenance ?? [];
    script.do({ type: "RemoveMaintenance", worker: a, window: known?.id ?? "" });
    expect(script.status("one")).toBe("live");
  });

  it("is refused where it makes no sense, and changes nothing then", () => {
    const script = alone();
    const { seq } = script.state;
    for (const [fromMs, lengthMs, everyMs] of [
      [0, 0, null],
      [-10 * minuteMs, minuteMs, null],
      [0, 2 * minuteMs, minuteMs],
      [0, 100 * 86_400_000, null],
    ] as const) {
      expect(window(script, fromMs, lengthMs, everyMs)).toMatchObject({
        ok: false,
        error: { code: "invalid_argument" },
      });
    }
    const gone = script.do({ type: "RemoveMaintenance", worker: a, window: "m0" });
    expect(gone).toMatchObject({ ok: false, error: { code: "not_found" } });
    expect(script.state.seq).toBe(seq);
  });
});
