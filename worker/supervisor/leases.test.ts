import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.js";
import { type AttemptId, parseAttemptId } from "../../core/ids.js";
import { createLeases } from "./leases.js";

const attempt = parseAttemptId("job/task#1");

/** A clock that stands until it is told to go on. */
function standingClock() {
  let nowMs = 1_000;
  let timers: { readonly atMs: number; readonly action: () => void }[] = [];
  const after: Clock["after"] = (delayMs, action) => {
    const timer = { atMs: nowMs + delayMs, action };
    timers.push(timer);
    return {
      clear() {
        timers = timers.filter((one) => one !== timer);
      },
    };
  };
  const unused = (): never => {
    throw new Error("not asked for by leases");
  };
  const clock: Clock = {
    nowMs: unused,
    monotonicMs: () => nowMs,
    after,
    every: unused,
    soon: unused,
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(({ atMs }) => atMs > nowMs);
    for (const { action } of due) action();
  };
  return { clock, pass };
}

function leasesOn(clock: Clock) {
  const expired: AttemptId[] = [];
  const memory = { read: () => null, keep: () => undefined };
  return { expired, leases: createLeases(clock, memory, (one) => expired.push(one)) };
}

describe("a lease", () => {
  it("ends that long after the newest word that a master has answered was sent", () => {
    const { clock, pass } = standingClock();
    const { leases, expired } = leasesOn(clock);
    leases.add(attempt, 5_000);
    pass(4_000);
    leases.renew(3_000);
    pass(2_999);
    expect(expired).toEqual([]);
    pass(1);
    expect(expired).toEqual([attempt]);
  });

  it("that would be over already lets nothing begin before a master is heard of again", async () => {
    const { clock, pass } = standingClock();
    const { leases } = leasesOn(clock);
    pass(6_000);
    expect(leases.isOver(5_000)).toBe(true);
    expect(leases.isOver(7_000)).toBe(false);
    expect(leases.isOver(null)).toBe(false);
    let mayBegin = false;
    const waiting = leases.renewed(5_000, new AbortController().signal).then(() => {
      mayBegin = true;
    });
    leases.renew(1_500); // a word that was sent long ago
    await Promise.resolve();
    expect(mayBegin).toBe(false);
    leases.renew(6_900);
    await waiting;
    expect(mayBegin).toBe(true);
  });

  it("is waited for no longer than the attempt matters", async () => {
    const { clock, pass } = standingClock();
    const { leases } = leasesOn(clock);
    pass(6_000);
    const stopped = new AbortController();
    const waiting = leases.renewed(5_000, stopped.signal);
    stopped.abort();
    await waiting;
    expect(leases.isOver(5_000)).toBe(true);
  });
});
