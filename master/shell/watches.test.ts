import pino from "pino";
import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import { job, template } from "../../core/testing/jobs.js";
import { createMemoryJournal } from "../journal/memory.js";
import { defaultSettings, genesis } from "../pure/genesis.js";
import { masterClock } from "./clock.js";
import { Engine } from "./engine.js";
import { Forecasts } from "./forecasts.js";
import { Watches } from "./watches.js";

async function watchedJob() {
  let nowMs = 1_000;
  const engine = new Engine({
    state: genesis(),
    journal: createMemoryJournal(),
    log: pino({ level: "silent" }),
    clock: { ...masterClock(), nowMs: () => nowMs++ },
    onFatal: () => undefined,
  });
  const watches = new Watches(engine, new Forecasts(engine));
  engine.start({
    folded: (events) => watches.remember(events),
    toWorker: () => undefined,
    happened: () => watches.wake(),
  });
  await engine.execute({ type: "BeginEpoch", epoch: 1, settings: defaultSettings }, "test");
  const spec = job([template("one"), template("two")]);
  const submit = { type: "Submit" as const, jobId: jobId("a"), spec, idempotencyKey: "" };
  await engine.execute(submit, "test");
  return { engine, watches };
}

const cancel = { type: "Cancel" as const, job: jobId("a"), task: null, reason: "enough" };

describe("what a watcher is told at once", () => {
  it("never shows a job's end without the ends of its tasks, durable or not yet", async () => {
    const { engine, watches } = await watchedJob();
    const watcher = { job: jobId("a"), wake: () => undefined };
    watches.open(watcher, engine.state.seq);
    expect(watches.take(watcher)).toEqual([]);
    const cancelling = engine.execute(cancel, "test");
    const told = watches.take(watcher).map(({ change }) => change);
    expect(told.flatMap((change) => (change.kind === "task" ? [change.task.state] : []))).toEqual([
      "cancelled",
      "cancelled",
    ]);
    expect(told.at(-1)).toMatchObject({ kind: "job", job: { state: "cancelled" } });
    await cancelling;
    expect(watches.take(watcher)).toEqual([]);
    await engine.stop();
  });

  it("merges changes that come faster than it reads, into the newest view of each", async () => {
    const { engine, watches } = await watchedJob();
    const watcher = { job: jobId("a"), wake: () => undefined };
    watches.open(watcher, engine.state.seq);
    await engine.execute(cancel, "test");
    await engine.execute({ type: "Retry", job: jobId("a"), task: null }, "test");
    const told = watches.take(watcher);
    expect(told.filter(({ change }) => change.kind === "task")).toHaveLength(2);
    expect(told.map(({ sequence }) => sequence)).toEqual([0, 0, engine.state.seq]);
    await engine.stop();
  });
});
