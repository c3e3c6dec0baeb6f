import { describe, expect, it } from "vitest";
import { jobId, taskId, workerId } from "../../core/ids.js";
import { job, template } from "../../core/testing/jobs.js";
import { queuesOf } from "./queues.js";
import { Script } from "./testing/script.js";

const id = (name: string) => taskId(jobId("job"), name);

/** Tasks of a chain on one worker, planned to start at these times. */
function planned(startAtMs: Readonly<Record<string, number>>): () => string[] {
  const script = new Script();
  const names = Object.keys(startAtMs);
  const held = { scheduledAtMs: script.nowMs + 1_000 };
  const chain = names.slice(1).map((name, i) => `${names[i]} -> ${name}`);
  script.submit(
    job(
      [...names].reverse().map((name) => template(name, held)),
      chain,
    ),
  );
  const { plan, index } = script.state;
  for (const [name, start] of Object.entries(startAtMs)) {
    const [startAt, endAt] = [script.nowMs + start, script.nowMs + start + 100];
    const place = { worker: workerId("a"), startAtMs: startAt, endAtMs: endAt };
    plan.entries.set(id(name), place as never);
  }
  index.queues = null;
  return () => (queuesOf(script.state).get(workerId("a")) ?? []).map(({ entry }) => entry.name);
}

describe("what a worker looks at first", () => {
  it("is what was planned first", () => {
    expect(planned({ a: 0, b: 100, c: 200 })()).toEqual(["a", "b", "c"]);
  });

  it("is never something that waits for what stands behind it, however it was planned", () => {
    expect(planned({ a: 500, b: 100, c: 200 })()).toEqual(["a", "b", "c"]);
    expect(planned({ a: 0, b: 900, c: 200 })()).toEqual(["a", "b", "c"]);
  });
});
