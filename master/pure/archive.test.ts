/** Finished jobs leave memory, what they stood for is kept for its time, and they can come back. */
import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import { job, template } from "../../core/testing/jobs.js";
import { archivable, type Keeping } from "./archive.js";
import { stateHash } from "./hash.js";
import { plainJob } from "./plain-job.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { Script } from "./testing/script.js";

const hourMs = 3_600_000;

function oneFinished(exitCode = 0, idempotencyKey = ""): Script {
  const script = new Script();
  script.join("a");
  script.do({
    type: "Submit",
    jobId: jobId("first"),
    spec: job([template("work", { retry: { attemptsMax: 1, backoffMs: 0, backoffMaxMs: 0 } })]),
    idempotencyKey,
  });
  script.started("work");
  script.tick(100);
  script.finished("work", exitCode);
  return script;
}

const archive = (script: Script, ...ids: string[]) =>
  script.do({ type: "Archive", jobs: ids.map(jobId), keysForMs: hourMs });

const keeping = (script: Script, given: Partial<Keeping> = {}): Keeping => ({
  nowMs: script.nowMs,
  keepMs: hourMs,
  finishedTasksMax: 1_000,
  isWatched: () => false,
  ...given,
});

const due = (script: Script, given: Partial<Keeping> = {}): string[] =>
  archivable(script.state, keeping(script, given)).map(({ id }) => id);

describe("a finished job", () => {
  it("leaves nothing in memory, not even for the hash", () => {
    const script = oneFinished();
    expect(archive(script, "first").ok).toBe(true);
    expect(script.state.jobs.size + script.state.tasks.size).toBe(0);
    const { entities, dirty } = script.state.hash;
    const left = [...entities.keys(), ...dirty.keys()].filter((key) => key.startsWith("first"));
    expect(left).toEqual([]);
    for (let cut = 0; cut <= script.events.length; cut++) expectCodecLaw(script.events, cut);
  });

  it("stays while it runs, and while held tasks of another job wait for more than its end", () => {
    const script = oneFinished();
    script.submit(job([template("other")]), "second");
    const spec = {
      ...job([template("late", { scheduledAtMs: script.nowMs + hourMs })]),
      after: [{ jobId: "first", on: "done" as const }],
    };
    script.submit(spec, "third");
    archive(script, "first", "second", "unheard-of");
    expect([...script.state.jobs.keys()]).toEqual(["first", "second", "third"]);
    expect(due(script, { keepMs: 0 })).toEqual([]);
  });

  it("is due after its time, unless somebody is to be told of it; earlier where there is no room", () => {
    const script = oneFinished();
    expect(due(script)).toEqual([]);
    script.tick(hourMs);
    expect(due(script)).toEqual(["first"]);
    expect(due(script, { isWatched: () => true })).toEqual([]);
    expect(due(script, { isWatched: () => true, finishedTasksMax: 0 })).toEqual(["first"]);
  });

  it("is still what its idempotency key stands for until the time of that is over", () => {
    const script = oneFinished(0, "key");
    archive(script, "first");
    const again = () =>
      script.do({
        type: "Submit",
        jobId: jobId("again"),
        spec: job([template("work")]),
        idempotencyKey: "key",
      });
    expect(again()).toMatchObject({ value: { submit: { jobId: "first", duplicate: true } } });
    script.tick(hourMs - 1);
    expect(again()).toMatchObject({ value: { submit: { duplicate: true } } });
    script.tick(1);
    expect(script.types()).toContain("KeysForgotten");
    expect(again()).toMatchObject({ value: { submit: { jobId: "again", duplicate: false } } });
    for (let cut = 0; cut <= script.events.length; cut += 3) expectCodecLaw(script.events, cut);
  });

  it("may be come after, as it ended, once only the archive knows it", () => {
    const script = oneFinished(1);
    archive(script, "first");
    const after = (on: "success" | "failure") => ({
      ...job([template("next")]),
      after: [{ jobId: "first", on }],
    });
    const submit = (id: string, on: "success" | "failure", archived = {}) =>
      script.do({
        type: "Submit",
        jobId: jobId(id),
        spec: after(on),
        idempotencyKey: "",
        archived,
      });
    expect(submit("x", "failure")).toMatchObject({ ok: false, error: { code: "not_found" } });
    expect(submit("y", "failure", { first: "failed" }).ok).toBe(true);
    expect(submit("z", "success", { first: "failed" }).ok).toBe(true);
    expect(script.status("next", "y")).toBe("live");
    expect(script.status("next", "z")).toBe("skipped");
    for (let cut = 0; cut <= script.events.length; cut += 3) expectCodecLaw(script.events, cut);
  });

  it("comes back as it was to be retried, runs, and can be archived again", () => {
    const script = oneFinished(1, "key");
    const first = script.state.jobs.get(jobId("first"));
    if (first === undefined) throw new Error("it was submitted");
    const plain = JSON.parse(JSON.stringify(plainJob(first)));
    const before = stateHash(script.state.hash);
    archive(script, "first");
    expect(script.do({ type: "Retry", job: jobId("first"), task: null })).toMatchObject({
      error: { code: "not_found" },
    });
    expect(stateHash(script.state.hash)).not.toBe(before);
    const retried = script.do({
      type: "Retry",
      job: jobId("first"),
      task: null,
      archived: plain,
    });
    expect(retried).toMatchObject({ ok: true, value: { tasks: 1 } });
    expect(script.status("work", "first")).toBe("live");
    expect(script.state.keysKept.size).toBe(0);
    script.started("work", 2);
    script.finished("work", 0, 2);
    expect(script.state.jobs.get(jobId("first"))).toMatchObject({
      state: "succeeded",
      sequence: 3,
    });
    archive(script, "first");
    expect(script.state.keysKept.size).toBe(1);
    for (let cut = 0; cut <= script.events.length; cut += 2) expectCodecLaw(script.events, cut);
  });

  it("is not brought back to be refused", () => {
    const script = oneFinished(0);
    const first = script.state.jobs.get(jobId("first"));
    if (first === undefined) throw new Error("it was submitted");
    const plain = JSON.parse(JSON.stringify(plainJob(first)));
    archive(script, "first");
    const { length } = script.events;
    const retried = script.do({ type: "Retry", job: jobId("first"), task: null, archived: plain });
    expect(retried).toMatchObject({ ok: false, error: { code: "failed_precondition" } });
    expect(script.events).toHaveLength(length);
  });
});
