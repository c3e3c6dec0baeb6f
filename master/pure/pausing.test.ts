/** A job, or a task, that a user has stand still. */
import { describe, expect, it } from "vitest";
import { type AttemptId, jobId, taskId, workerId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import type { Hello } from "../../core/session.js";
import { job, resources, template, workerFacts } from "../../core/testing/jobs.js";
import { effects, welcome } from "./effects.js";
import { forecast } from "./forecast.js";
import { stateHash } from "./hash.js";
import { needsPlacement } from "./place.js";
import type { Attempt } from "./state.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";
import { nextWake } from "./tick.js";
import { jobSummary, jobView } from "./views.js";

const id = jobId("job");
const task = (name: string) => taskId(id, name);

function scriptOf(spec: JobSpec, cpuMillis = 1_000): Script {
  const script = new Script();
  script.join("a", { capacity: resources(cpuMillis, 2 ** 30) });
  script.submit(spec);
  return script;
}

const attemptOf = (script: Script, name: string): Attempt => {
  const attempt = script.state.tasks.get(task(name))?.attempts.at(-1);
  if (attempt === undefined) throw new Error(`no attempt of ${name}`);
  return attempt;
};

/** What the commands since then tell the workers about pausing. */
const holdsSince = (script: Script, from: number) =>
  [...effects(script.state, script.events.slice(from)).values()].flatMap(({ holds }) => holds);

function answers(script: Script, attempt: AttemptId, held: boolean, problem: string | null): void {
  const worker = script.state.workers.get(workerId("a"));
  if (worker === undefined) throw new Error("no worker");
  const { incarnation } = worker;
  const none = { started: [], finished: [], refused: [] };
  script.do({ type: "WorkerReport", incarnation, ...none, held: [{ attempt, held, problem }] });
}

const shown = (script: Script, name: string) => {
  const view = jobView(
    script.state,
    script.state.jobs.get(id) as never,
    forecast(script.state, script.nowMs),
    true,
  );
  const found = view.tasks.find((one) => one.name === name);
  return `${found?.state} ${found?.reason}`;
};

const pause = (script: Script, name: string | null = null) =>
  script.do({ type: "Pause", job: id, task: name === null ? null : task(name) });
const resume = (script: Script, name: string | null = null) =>
  script.do({ type: "Resume", job: id, task: name === null ? null : task(name) });

describe("a paused job", () => {
  const two = job([template("one"), template("two")], ["one -> two"]);

  it("starts nothing, though it could, and goes on when it is resumed", () => {
    const script = scriptOf(two);
    script.started("one");
    pause(script);
    script.finished("one");
    expect(script.status("two")).toBe("ready");
    expect(shown(script, "two")).toBe("paused paused");
    expect(needsPlacement(script.state)).toBe(false);
    expect(brokenInvariants(script.state)).toEqual([]);
    resume(script);
    expect(script.status("two")).toBe("live");
    expectCodecLaw(script.events, script.events.length - 2);
  });

  it("has what runs held by its worker, and is told of it and why it could not be", () => {
    const script = scriptOf(two);
    script.started("one");
    const from = script.events.length;
    pause(script);
    const attempt = attemptOf(script, "one").id;
    expect(holdsSince(script, from)).toEqual([{ attempt, paused: true }]);
    expect(shown(script, "one")).toBe("running pausing");
    answers(script, attempt, false, "no freezer here");
    expect(shown(script, "one")).toBe("running pause_failed");
    answers(script, attempt, true, null);
    expect(shown(script, "one")).toBe("paused paused");
    const later = script.events.length;
    resume(script);
    expect(holdsSince(script, later)).toEqual([{ attempt, paused: false }]);
    expect(shown(script, "one")).toBe("running resuming");
    answers(script, attempt, false, null);
    expect(shown(script, "one")).toBe("running ");
  });

  it("keeps its timeout for when it goes on, and has no predicted end", () => {
    const script = scriptOf({ ...two, timeoutMs: 10_000 });
    script.started("one");
    script.nowMs += 4_000;
    pause(script);
    answers(script, attemptOf(script, "one").id, true, null);
    const summary = () =>
      jobSummary(
        script.state,
        script.state.jobs.get(id) as never,
        forecast(script.state, script.nowMs),
      );
    expect(summary()).toMatchObject({ finishP50AtMs: null, pausedAtMs: script.nowMs });
    expect(nextWake(script.state, new Map())).toBeNull();
    script.lastHeard.set(workerId("a"), script.nowMs + 3_600_000);
    script.tick(3_600_000);
    resume(script);
    script.tick(5_000);
    expect(script.state.jobs.get(id)?.ending).toBeNull();
    script.tick(1_001);
    expect(script.state.jobs.get(id)?.ending?.state).toBe("timed_out");
  });

  it("teaches nobody that its tasks take long", () => {
    const script = scriptOf(job([template("one")]));
    script.started("one");
    pause(script);
    answers(script, attemptOf(script, "one").id, true, null);
    script.nowMs += 3_600_000;
    resume(script);
    answers(script, attemptOf(script, "one").id, false, null);
    script.nowMs += 700;
    script.finished("one");
    expect([...script.state.statistics.young.values()][0]?.durations.recent).toEqual([700]);
  });

  it("can be cancelled, and is not paused when it is retried", () => {
    const script = scriptOf(two);
    script.started("one");
    pause(script);
    script.do({ type: "Cancel", job: id, task: null, reason: "enough" });
    script.finished("one", { kind: "cancelled" });
    expect(script.state.jobs.get(id)?.state).toBe("cancelled");
    script.do({ type: "Retry", job: id, task: null });
    expect(script.status("one")).toBe("live");
  });
});

describe("a paused task", () => {
  it("waits, and others go ahead of it", () => {
    const script = scriptOf(job([template("one"), template("two"), template("three")]));
    const waiting = ["one", "two", "three"].filter((name) => script.status(name) === "ready");
    const [first = "", second = ""] = waiting;
    pause(script, first);
    const live = ["one", "two", "three"].find((name) => script.status(name) === "live") ?? "";
    script.started(live);
    script.finished(live);
    expect([script.status(first), script.status(second)]).toEqual(["ready", "live"]);
    script.started(second);
    script.finished(second);
    expect(script.status(first)).toBe("ready");
    resume(script, first);
    expect(script.status(first)).toBe("live");
  });

  it("that was on its way to its worker is held when it has started", () => {
    const script = scriptOf(job([template("one")]));
    pause(script, "one");
    const from = script.events.length;
    script.started("one");
    expect(holdsSince(script, from)).toEqual([
      { attempt: attemptOf(script, "one").id, paused: true },
    ]);
  });

  it("is told to its worker again in every Welcome, and so is that one is no longer paused", () => {
    const script = scriptOf(job([template("one")]));
    script.started("one");
    const { id: attempt, launchedAtMs } = attemptOf(script, "one");
    const hello = (held: readonly AttemptId[]): Hello => ({
      incarnation: { worker: workerId("a"), boot: "b1", session: "s1" },
      facts: workerFacts("a"),
      epochSeen: 1,
      live: [{ attempt, startedAtMs: launchedAtMs, pid: 1 }],
      unacknowledged: [],
      held,
    });
    pause(script, "one");
    expect(welcome(script.state, hello([])).commands.holds).toEqual([{ attempt, paused: true }]);
    resume(script, "one");
    const said = hello([attempt]);
    script.do({ type: "WorkerHello", hello: said });
    expect(attemptOf(script, "one").held?.sinceMs).toBe(script.nowMs);
    expect(welcome(script.state, said).commands.holds).toEqual([{ attempt, paused: false }]);
  });

  it("is taken by plans to stay so for as long again as it has been", () => {
    const script = scriptOf(job([template("one"), template("two")]));
    const live = script.status("one") === "live" ? "one" : "two";
    const other = live === "one" ? "two" : "one";
    script.started(live);
    pause(script, live);
    answers(script, attemptOf(script, live).id, true, null);
    script.nowMs += 30_000;
    const start = forecast(script.state, script.nowMs).get(task(other))?.startP50AtMs ?? 0;
    expect(start - script.nowMs).toBeGreaterThanOrEqual(30_000);
    expect(start - script.nowMs).toBeLessThan(32_000);
  });

  it("keeps its whole gang waiting", () => {
    const gang = [template("x", { gang: "g" }), template("y", { gang: "g" })];
    const script = new Script();
    script.submit(job(gang));
    pause(script, "x");
    script.join("a", { capacity: resources(4_000, 2 ** 30) });
    expect([script.status("x"), script.status("y")]).toEqual(["ready", "ready"]);
    resume(script, "x");
    expect([script.status("x"), script.status("y")]).toEqual(["live", "live"]);
  });
});

describe("what cannot be paused or resumed", () => {
  it("is refused with the reason, and changes nothing", () => {
    const script = scriptOf(job([template("one"), template("two")]), 2_000);
    const refused = (reply: ReturnType<typeof pause>, code: string): void => {
      expect(reply).toMatchObject({ ok: false, error: { code } });
    };
    pause(script);
    const before = stateHash(script.state.hash);
    refused(resume(script, "one"), "failed_precondition");
    refused(pause(script, "three"), "not_found");
    refused(script.do({ type: "Pause", job: jobId("other"), task: null }), "not_found");
    expect(stateHash(script.state.hash)).toBe(before);
    resume(script);
    script.started("one");
    script.finished("one");
    refused(pause(script, "one"), "failed_precondition");
    script.started("two");
    script.finished("two");
    refused(pause(script), "failed_precondition");
  });
});
