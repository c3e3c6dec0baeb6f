/** What runs teach of tasks like them, and what is said of a job that asks for something else. */
import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import type { Violation } from "../../core/result.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import type { TaskView } from "../../core/views.js";
import type { Outcome } from "../../core/worker.js";
import { decodeState, encodeState } from "./state-codec.js";
import { checkSubmission } from "./submit.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { Script } from "./testing/script.js";
import { taskView } from "./views.js";

const mebibyte = 2 ** 20;
const askingFor = (memoryBytes: number) =>
  job([template("align", { resources: resources(1_000, memoryBytes) })]);

/** Runs one task of the kind after the other, each to this end. */
function having(ends: readonly (Outcome | number)[], peakMemoryBytes: number | null): Script {
  const script = new Script();
  script.join("a");
  script.peakMemoryBytes = peakMemoryBytes;
  for (const [run, end] of ends.entries()) runOnce(script, `j-${run}`, end);
  return script;
}

function runOnce(script: Script, id: string, end: Outcome | number): void {
  script.submit(askingFor(64 * mebibyte), id);
  const attempt = script.state.tasks.get(taskId(jobId(id), "align"))?.attempts[0];
  if (attempt === undefined) throw new Error(`${id} was not launched`);
  script.report(attempt, null);
  script.nowMs += 1_000;
  script.report(attempt, typeof end === "number" ? { kind: "exited", exitCode: end } : end);
}

const times = (count: number, end: Outcome | number = 0) => Array(count).fill(end);

function warnings(script: Script, memoryBytes: number): readonly Violation[] {
  const checked = checkSubmission(script.state, askingFor(memoryBytes));
  if (!checked.ok) throw new Error(checked.error.message);
  return checked.value;
}

function waiting({ state }: Pick<Script, "state">): TaskView {
  const task = state.tasks.get(taskId(jobId("next"), "align"));
  if (task === undefined) throw new Error("nothing waits");
  return taskView(state, task, new Map());
}

function next(script: Script): TaskView {
  const later = template("align", {
    scheduledAtMs: script.nowMs + 9_000_000,
    resources: resources(1_000, 64 * mebibyte),
  });
  script.submit(job([later]), "next");
  return waiting(script);
}

describe("a task of a known kind", () => {
  it("is expected to take what those before it took, and to fail as often", () => {
    const { expected } = next(having([...times(9), 1], 40 * mebibyte));
    expect(expected).toMatchObject({ askedMemoryBytes: 64 * mebibyte, ends: 10, failures: 1 });
    expect(expected?.peakMemory?.runs).toBe(9);
    expect((expected?.peakMemory?.p50Bytes ?? 0) / mebibyte).toBeCloseTo(40, 0);
  });

  it("is not told of once it has ended, nor one of a kind that is new", () => {
    const script = having([0], 40 * mebibyte);
    const ended = script.state.tasks.get(taskId(jobId("j-0"), "align"));
    expect(ended && taskView(script.state, ended, new Map())).not.toHaveProperty("expected");
    expect(next(having([], null))).not.toHaveProperty("expected");
  });

  it("does not learn from what was done to others: stops, lost workers, refusals", () => {
    const done: Outcome[] = [
      { kind: "cancelled" },
      { kind: "drained" },
      { kind: "supervisor_lost" },
      { kind: "lease_expired" },
      { kind: "lost", message: "" },
      { kind: "input_unavailable", message: "" },
      { kind: "not_started", message: "" },
    ];
    for (const end of done) expect(next(having([end], null)).expected).toBeUndefined();
    const own: Outcome[] = [
      { kind: "out_of_memory" },
      { kind: "signalled", signal: "SIGSEGV" },
      { kind: "timed_out" },
      { kind: "output_failed", message: "" },
    ];
    for (const end of own) {
      expect(next(having([end], 5 * mebibyte)).expected).toMatchObject({
        ...{ peakMemory: null, ends: 1, failures: 1 },
      });
    }
  });

  it("that was asked to stop has not failed by itself", () => {
    const script = having([], null);
    script.submit(askingFor(mebibyte), "j-0");
    const attempt = script.state.tasks.get(taskId(jobId("j-0"), "align"))?.attempts[0];
    if (attempt === undefined) throw new Error("not launched");
    script.report(attempt, null);
    script.do({ type: "Cancel", job: jobId("j-0"), task: null, reason: "" });
    script.report(attempt, { kind: "signalled", signal: "SIGTERM" });
    expect(next(script).expected).toBeUndefined();
  });

  it("is expected the same after a snapshot; one written before any of it was kept is read", () => {
    const script = having([...times(5), 1, 0], 40 * mebibyte);
    const before = next(script).expected;
    for (const cut of [20, script.events.length - 10]) expectCodecLaw(script.events, cut);
    const texts = [...encodeState(script.state)];
    expect(waiting({ state: decodeState(texts) }).expected).toEqual(before);
    const old = texts.filter((line) => !/^\["(peaks|recentEnds)"/.test(line));
    expect(old).toHaveLength(texts.length - 2);
    const state = decodeState(old);
    expect(waiting({ state }).expected).toBeUndefined();
  });
});

describe("who submits is warned", () => {
  it("of memory that like tasks did not do with, after three runs", () => {
    expect(warnings(having(times(2), 40 * mebibyte), 20 * mebibyte)).toEqual([]);
    const script = having(times(3), 40 * mebibyte);
    expect(warnings(script, 41 * mebibyte)).toEqual([]);
    expect(warnings(script, 20 * mebibyte)).toEqual([
      {
        field: "templates[0].resources.memoryBytes",
        message:
          "is likely to run out of memory: like tasks usually peak at 40 MiB, it asks for 20 MiB",
      },
    ]);
  });

  it("of memory that like tasks never needed, after twenty runs", () => {
    expect(warnings(having(times(19), 40 * mebibyte), 900 * mebibyte)).toEqual([]);
    const script = having(times(40), 40 * mebibyte);
    expect(warnings(script, 150 * mebibyte)).toEqual([]);
    const [only, ...rest] = warnings(script, 900 * mebibyte);
    expect(rest).toEqual([]);
    expect(only?.message).toMatch(
      /^asks for 900 MiB; 19 of 20 like tasks stay below 4\d(\.\d)? MiB$/,
    );
  });

  it("of a kind that failed in more than half of ten ends", () => {
    expect(warnings(having(times(9, 1), null), mebibyte)).toEqual([]);
    expect(warnings(having([...times(5), ...times(5, 1)], null), mebibyte)).toEqual([]);
    expect(warnings(having([...times(4), ...times(6, 1)], null), mebibyte)).toEqual([
      { field: "templates[0]", message: "is likely to fail: 6 of the last 10 like it did" },
    ]);
  });

  it("by the receipt of the submission, which is taken all the same", () => {
    const script = having(times(3), 40 * mebibyte);
    const reply = script.submit(askingFor(20 * mebibyte), "next");
    expect(reply).toMatchObject({
      ok: true,
      value: { kind: "submit", submit: { duplicate: false, warnings: [{}] } },
    });
  });
});
