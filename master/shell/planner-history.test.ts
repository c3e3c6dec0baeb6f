/** What is kept for a planner that begins anew: enough, and no more. */
import { describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../core/prediction.js";
import { job, template } from "../../core/testing/jobs.js";
import { openMemoryArchive } from "../history/memory-archive.js";
import { pastRecords } from "../history/past-records.js";
import { aFinishedJob } from "../history/testing/jobs.js";
import { historySequence } from "../pure/foreseen.js";
import { genesis } from "../pure/genesis.js";
import { Script } from "../pure/testing/script.js";
import { PlannerHistory, runsRemembered } from "./planner-history.js";

const ended = (sequence: number, key: string, endedAtMs = 0): HistoryRecord => ({
  sequence: historySequence(sequence),
  what: {
    kind: "ended",
    run: {
      ...{ key, groups: [], durationMs: 1, workerSpeed: 1, succeeded: true },
      ...{ launchedSequence: 0, endedAtMs, peakMemoryBytes: null },
    },
  },
});

const foreseen = (sequence: number, id: string): HistoryRecord[] =>
  new PlannerHistory(submitted(id).state).after(0).map(({ what }) => ({
    sequence: historySequence(sequence),
    what,
  }));

function submitted(id: string): Script {
  const script = new Script();
  script.submit(job([template("work", { scheduledAtMs: 1e12 })]), id);
  return script;
}

function all(history: PlannerHistory): HistoryRecord[] {
  const told: HistoryRecord[] = [];
  for (;;) {
    const next = history.after(told.at(-1)?.sequence ?? 0);
    if (next.length === 0) return told;
    expect(next.length).toBeLessThanOrEqual(1_000);
    told.push(...next);
  }
}

const keyOf = ({ what }: HistoryRecord): string =>
  what.kind === "ended" ? what.run.key : what.kind === "foreseen" ? what.subject.key : "";

describe("the history for the predictor", () => {
  it("keeps the latest runs, what was foreseen of them, and open jobs", () => {
    const open = submitted("open");
    const history = new PlannerHistory(open.state);
    const runs = Array.from({ length: runsRemembered + 500 }, (_, at) =>
      ended(1_000 + at, at < 500 ? "old/0" : "new/0"),
    );
    history.add([...foreseen(500, "old"), ...foreseen(501, "new"), ...runs]);
    const told = all(history);
    expect(told).toHaveLength(runsRemembered + 2);
    expect(new Set(told.map(keyOf))).toEqual(new Set(["open/0", "new/0"]));
    const sequences = told.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it("tells what both archive and memory have once", () => {
    const open = submitted("open");
    const history = new PlannerHistory(open.state);
    history.add(new PlannerHistory(open.state).after(0));
    expect(all(history).map(keyOf)).toEqual(["open/0"]);
  });

  it("tells runs first that an earlier version kept without their place, as they ended", () => {
    const history = new PlannerHistory(genesis());
    history.add([ended(7, "known/0"), ended(0, "later/0", 20), ended(0, "sooner/0", 10)]);
    expect(all(history).map(keyOf)).toEqual(["sooner/0", "later/0", "known/0"]);
  });

  it("numbers as the journal does, so that a fold of it is told the same", () => {
    const script = submitted("open");
    const seq = script.events.find(({ event }) => event.type === "JobSubmitted")?.seq ?? 0;
    const live = new PlannerHistory(genesis());
    const after = new PlannerHistory(script.state);
    expect(after.after(0).map(({ sequence }) => sequence)).toEqual([historySequence(seq)]);
    expect(live.after(0)).toEqual([]);
  });

  it("reads from the archive page by page, with subjects and runs of each job", async () => {
    const archive = openMemoryArchive();
    await archive.put(Array.from({ length: 120 }, (_, at) => aFinishedJob(`j${at}`, 2 * at + 1)));
    const records = await pastRecords(archive);
    expect(records).toHaveLength(240);
    const history = new PlannerHistory(genesis());
    history.add(records);
    const told = all(history);
    expect(told.slice(0, 3).map(keyOf)).toEqual(["j0/0", "j0/0", "j1/0"]);
    expect(told.filter(({ what }) => what.kind === "ended")).toHaveLength(120);
  });
});
