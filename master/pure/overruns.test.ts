/** What runs past its p90 is a reason to plan anew. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttemptId, jobId, taskId, workerId } from "../../core/ids.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { nextDue, noDueTimes, removeDue, setDue } from "./due-times.js";
import { forecast } from "./forecast.js";
import { overrunTimer } from "./overruns.js";
import { liveAttempt, type Task } from "./state.js";
import { decodeState, encodeState } from "./state-codec.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { Script } from "./testing/script.js";
import { nextWake } from "./tick.js";

const estimate = { p50Ms: 10_000, p90Ms: 20_000 };

function begun(change: Parameters<typeof template>[1] = {}): Script {
  const script = new Script();
  script.join("a");
  script.submit(job([template("t", { estimate, ...change }), template("behind", { estimate })]));
  script.started("t");
  return script;
}

function pass(script: Script, forwardMs: number): void {
  script.lastHeard.set(workerId("a"), script.nowMs + forwardMs);
  script.tick(forwardMs);
}

const overruns = (script: Script): number =>
  script.types().filter((type) => type === "AttemptOverran").length;

const taskOf = (script: Script, name = "t"): Task => {
  const task = script.state.tasks.get(taskId(jobId("job"), name));
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
};

describe("an attempt that runs past its p90", () => {
  it("wakes the master then, is said once, and again each time its time has doubled", () => {
    const script = begun();
    const p90AtMs = script.nowMs + 20_000 + script.state.overheadMs;
    script.lastHeard.clear();
    expect(nextWake(script.state, script.lastHeard)).toBe(Math.ceil(p90AtMs));
    const times: number[] = [];
    for (let second = 0; second < 200; second++) {
      const before = overruns(script);
      pass(script, 1_000);
      if (overruns(script) > before) times.push(second + 1);
    }
    expect(times).toEqual([21, 42, 84, 168]);
  });

  it("is a fact that calls for another plan, in which what waits behind it is later", () => {
    const script = begun();
    const startOf = (name: string): number =>
      forecast(script.state, script.nowMs).get(taskOf(script, name).id)?.startP50AtMs ?? 0;
    const planned = startOf("behind");
    pass(script, 20_000);
    const { facts } = script.state;
    pass(script, 1_000);
    expect(script.state.facts).toBeGreaterThan(facts);
    expect(startOf("behind")).toBeGreaterThan(planned + 5_000);
  });

  it("is not looked for any more once it has ended, or while nobody knows of it", () => {
    const script = begun({ onLost: { kind: "keep" } });
    script.tick(11_000);
    expect(script.state.workers.get(workerId("a"))?.state).toBe("lost");
    expect(overrunTimer(script.state)).toBe(Number.POSITIVE_INFINITY);
    const ended = begun();
    ended.finished("t");
    // The next one has been launched.
    expect(nextDue(ended.state.index.due)?.attempt).toBe(liveAttempt(taskOf(ended, "behind"))?.id);
    expect(ended.state.index.due.heap).toHaveLength(1);
  });

  it("does not count the time for which it is held", () => {
    const script = begun();
    const attempt = liveAttempt(taskOf(script));
    if (attempt === null) throw new Error("not live");
    pass(script, 5_000);
    script.do({ type: "Pause", job: jobId("job"), task: null });
    script.holds(attempt, true);
    pass(script, 100_000);
    expect(overruns(script)).toBe(0);
    script.do({ type: "Resume", job: jobId("job"), task: null });
    script.holds(attempt, false);
    pass(script, 14_000);
    expect(overruns(script)).toBe(0);
    pass(script, 2_000);
    expect(overruns(script)).toBe(1);
  });

  it("is remembered by a snapshot", () => {
    const script = begun();
    for (let second = 0; second < 50; second++) pass(script, 1_000);
    for (let cut = 1; cut < script.events.length; cut++) expectCodecLaw(script.events, cut);
    const old = [...encodeState(script.state)].filter((line) => !line.startsWith('["due"'));
    expect(nextDue(decodeState(old).index.due)?.attempt).toBe(liveAttempt(taskOf(script))?.id);
  });

  it("costs next to nothing where there are ten thousand", () => {
    const script = new Script();
    script.join("a", { capacity: resources(1_000_000, 2 ** 30) });
    const { due } = script.state.index;
    for (let n = 0; n < 10_000; n++)
      setDue(due, `a${n}` as AttemptId, 1e12 + ((n * 7919) % 10_000));
    const began = performance.now();
    for (let round = 0; round < 10_000; round++) overrunTimer(script.state);
    for (let n = 0; n < 10_000; n++) removeDue(due, `a${n}` as AttemptId);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(due.heap).toEqual([]);
  });
});

it("due times are those that were set last, the earliest first", () => {
  const deeds = fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(50), { nil: null })), {
    maxLength: 100,
  });
  fc.assert(
    fc.property(deeds, (all) => {
      const times = noDueTimes();
      const naive = new Map<string, number>();
      for (const [n, atMs] of all) {
        const attempt = `a${n}` as AttemptId;
        if (atMs === null) {
          removeDue(times, attempt);
          naive.delete(attempt);
        } else {
          setDue(times, attempt, atMs);
          naive.set(attempt, atMs);
        }
        expect(nextDue(times)?.atMs ?? null).toBe(
          naive.size === 0 ? null : Math.min(...naive.values()),
        );
      }
      const out: number[] = [];
      for (let due = nextDue(times); due !== null; due = nextDue(times)) {
        expect(naive.get(due.attempt)).toBe(due.atMs);
        out.push(due.atMs);
        removeDue(times, due.attempt);
      }
      expect(out).toEqual([...naive.values()].sort((a, b) => a - b));
      expect(times.placeOf.size).toBe(0);
    }),
  );
});
