import { describe, expect, test } from "vitest";
import { parseAttemptId } from "../../core/ids.js";
import type { AttemptFinished } from "../../core/session.js";
import { acknowledge, emptyOutbox, nextMessage, oldestUnansweredMs } from "./outbox.js";

const report = (name: string): AttemptFinished => ({
  attempt: parseAttemptId(`j/${name}#1`),
  outcome: { kind: "exited", exitCode: 0 },
  usage: { peakMemoryBytes: null, cpuMs: null },
  startedAtMs: 1,
  endedAtMs: 2,
  stdoutBytes: 0,
  stderrBytes: 0,
});
const heartbeat = { heartbeat: { freeMemoryBytes: 1, loadAverage: 0 } };

describe("what a session tells", () => {
  test("puts everything that is ready into one message, once", () => {
    const outbox = emptyOutbox();
    outbox.finished.push(report("a"), report("b"));
    const message = nextMessage(outbox, 7, null, 0);
    expect(message).toMatchObject({ sequence: 1, acknowledged: 7 });
    expect(message?.finished).toHaveLength(2);
    expect(nextMessage(outbox, 7, null, 0)).toBeNull();
  });

  test("forgets a report only when the message that carried it is acknowledged", () => {
    const outbox = emptyOutbox();
    for (const name of ["a", "b", "c"]) {
      outbox.finished.push(report(name));
      nextMessage(outbox, 0, null, 0);
    }
    expect(acknowledge(outbox, 0).forget).toEqual([]);
    expect(acknowledge(outbox, 2).forget).toEqual(["j/a#1", "j/b#1"]);
    expect(acknowledge(outbox, 2).forget).toEqual([]);
    expect(acknowledge(outbox, 3).forget).toEqual(["j/c#1"]);
  });

  test("renews the lease as of when the newest acknowledged heartbeat was sent", () => {
    const outbox = emptyOutbox();
    nextMessage(outbox, 0, heartbeat, 100);
    nextMessage(outbox, 0, heartbeat, 200);
    outbox.finished.push(report("a"));
    nextMessage(outbox, 0, null, 250);
    nextMessage(outbox, 0, heartbeat, 300);
    expect(oldestUnansweredMs(outbox)).toBe(100);
    expect(acknowledge(outbox, 3).renewedAtMonotonicMs).toBe(200);
    expect(oldestUnansweredMs(outbox)).toBe(300);
    expect(acknowledge(outbox, 3).renewedAtMonotonicMs).toBeNull();
  });
});
