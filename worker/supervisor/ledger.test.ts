import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type AttemptId, parseAttemptId } from "../../core/ids.js";
import type { AttemptFinished } from "../../core/session.js";
import {
  emptyLedgerState,
  evolveLedger,
  type LedgerRecord,
  ledgerRecords,
  tombstonesMax,
} from "../pure/ledger-state.js";
import { beginWith, openLedger } from "./ledger.js";

const directory = mkdtempSync(join(tmpdir(), "almanac-ledger-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => {
  files += 1;
  return join(directory, `${files}.log`);
};

const attempt = (n: number): AttemptId => parseAttemptId(`j/t${n}#1`);
const finished = (n: number): AttemptFinished => ({
  attempt: attempt(n),
  outcome: { kind: "exited", exitCode: n },
  usage: { peakMemoryBytes: null, cpuMs: 5 },
  startedAtMs: 1,
  endedAtMs: 2,
  stdoutBytes: 0,
  stderrBytes: 0,
});

const anyRecord: fc.Arbitrary<LedgerRecord> = fc
  .integer({ min: 0, max: 6 })
  .chain((n) =>
    fc.constantFrom<LedgerRecord[]>(
      { kind: "epoch", epoch: n },
      { kind: "ledger", identity: `l${n}` },
      { kind: "launched", attempt: attempt(n), driver: "process" },
      { kind: "identified", attempt: attempt(n), identity: { pid: n, startTicks: 1 }, boot: "b" },
      { kind: "started", started: { attempt: attempt(n), startedAtMs: 1, pid: n } },
      { kind: "finished", finished: finished(n) },
      { kind: "forgotten", attempts: [attempt(n)] },
      { kind: "removed", attempts: [attempt(n)] },
    ),
  );

describe("the ledger", () => {
  test("gives back after a restart what was appended", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { maxLength: 30 }), async (records) => {
        const path = newPath();
        const ledger = openLedger(path);
        for (const record of records) ledger.append(record);
        await ledger.close();
        const again = openLedger(path);
        expect(again.state).toEqual(ledger.state);
        await again.close();
      }),
      { numRuns: 30 },
    );
  });

  test("says the same in the records that compaction writes", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 60 }), (records) => {
        const state = emptyLedgerState();
        for (const record of records) evolveLedger(state, record);
        const compacted = emptyLedgerState();
        for (const record of ledgerRecords(state)) evolveLedger(compacted, record);
        expect(compacted).toEqual(state);
      }),
    );
  });

  test("is named after the first supervisor that began with it, for good", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    beginWith(ledger, "first", "boot");
    await ledger.close();
    const again = openLedger(path);
    beginWith(again, "second", "boot");
    expect(again.state.identity).toBe("first");
    await again.close();
  });

  test("cuts off a torn last line, wherever it was torn, and goes on", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    ledger.append({ kind: "finished", finished: finished(1) });
    const whole = statSync(path).size;
    ledger.append({ kind: "finished", finished: finished(2) });
    await ledger.close();
    const full = statSync(path).size;
    const content = readFileSync(path);
    for (let length = whole; length < full; length += 7) {
      writeFileSync(path, content);
      truncateSync(path, length);
      const again = openLedger(path);
      expect([...again.state.finished.keys()]).toEqual([attempt(1)]);
      again.append({ kind: "finished", finished: finished(3) });
      await again.close();
      const third = openLedger(path);
      expect([...third.state.finished.keys()]).toEqual([attempt(1), attempt(3)]);
      await third.close();
    }
  });

  test("refuses a line that was damaged before the last", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    for (const n of [1, 2, 3]) ledger.append({ kind: "finished", finished: finished(n) });
    await ledger.close();
    const content = readFileSync(path);
    for (let position = 0; position < content.length / 2; position += 11) {
      const damaged = Buffer.from(content);
      damaged[position] = (damaged[position] ?? 0) ^ 1;
      writeFileSync(path, damaged);
      expect(() => openLedger(path)).toThrow(/damaged/);
    }
  });

  test("shares one sync among those who wait, and never loses one", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    const commits = Array.from({ length: 500 }, (_, n) => {
      ledger.append({ kind: "finished", finished: finished(n) });
      return ledger.commit();
    });
    await Promise.all(commits);
    await ledger.close();
    expect(openLedger(path).state.finished.size).toBe(500);
  });

  test("stays bounded: compaction drops what is settled, tombstones have a limit", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    const padding = "x".repeat(10_000);
    for (let n = 0; n < 2_000; n += 1) {
      const id = parseAttemptId(`${padding}/t${n}#1`);
      ledger.append({ kind: "launched", attempt: id, driver: "process" });
      ledger.append({ kind: "finished", finished: { ...finished(n), attempt: id } });
      ledger.append({ kind: "forgotten", attempts: [id] });
      ledger.append({ kind: "removed", attempts: [id] });
    }
    await ledger.commit();
    await ledger.commit();
    expect(statSync(path).size).toBeLessThan(25e6);
    ledger.append({ kind: "epoch", epoch: 9 });
    await ledger.close();
    const again = openLedger(path);
    expect(again.state.tombstones.size).toBe(2_000);
    expect(again.state.epochSeen).toBe(9);
    await again.close();

    const state = emptyLedgerState();
    const many = Array.from({ length: tombstonesMax + 10 }, (_, n) => attempt(n));
    evolveLedger(state, { kind: "removed", attempts: many });
    expect(state.tombstones.size).toBe(tombstonesMax);
    expect(state.tombstones.has(attempt(tombstonesMax + 9))).toBe(true);
  });

  test("an unknown tail of zeros, as a crash leaves it, is a torn line", async () => {
    const path = newPath();
    const ledger = openLedger(path);
    ledger.append({ kind: "finished", finished: finished(1) });
    await ledger.close();
    appendFileSync(path, Buffer.alloc(512));
    const again = openLedger(path);
    expect(again.state.finished.size).toBe(1);
    await again.close();
  });
});
