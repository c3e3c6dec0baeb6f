import pino from "pino";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.js";
import { jobId, workerId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { job, resources, template, workerFacts } from "../../core/testing/jobs.js";
import { createMemoryJournal } from "../journal/memory.js";
import { dryRun } from "../pure/dry-run.js";
import { defaultSettings, genesis } from "../pure/genesis.js";
import type { Job } from "../pure/state.js";
import { jobSummary } from "../pure/views.js";
import { masterClock } from "./clock.js";
import { Engine } from "./engine.js";
import { played, RolledFinishes } from "./finishes.js";
import { Forecasts } from "./forecasts.js";

const id = jobId("job");

/** A master with one worker, to which nobody reports: what it launches goes on for ever. */
async function master() {
  let turns = 0;
  const real = masterClock();
  const clock: Clock = {
    ...real,
    soon: (action) => {
      turns += 1;
      real.soon(action);
    },
  };
  const engine = new Engine({
    ...{ state: genesis(), journal: createMemoryJournal(), clock },
    log: pino({ level: "silent" }),
    onFatal: () => undefined,
  });
  const finishes = new RolledFinishes({ engine, clock });
  const forecasts = new Forecasts(engine, finishes);
  engine.start({
    folded: () => undefined,
    toWorker: () => undefined,
    happened: (events) => finishes.happened(events),
  });
  finishes.start();
  const settings = { ...defaultSettings, silenceLimitMs: 3_600_000 };
  await engine.execute({ type: "BeginEpoch", epoch: 1, settings }, "master");
  const hello = {
    incarnation: { worker: workerId("a"), boot: "b", session: "s" },
    facts: { ...workerFacts("a"), capacity: { ...resources(4_000, 2 ** 32), diskBytes: 2 ** 40 } },
    ...{ epochSeen: 0, live: [], unacknowledged: [] },
  };
  await engine.execute({ type: "WorkerHello", hello }, "master");
  const submit = async (spec: JobSpec): Promise<void> => {
    const command = { type: "Submit" as const, jobId: id, spec, idempotencyKey: "" };
    await engine.execute(command, "test");
  };
  const stop = async (): Promise<void> => {
    finishes.stop();
    await engine.stop();
  };
  return { engine, clock, finishes, forecasts, submit, stop, turns: () => turns };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !isSo(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(isSo()).toBe(true);
}

/** So many alike, which four at a time can run. */
const array = (count: number, change = {}): JobSpec => {
  const spec = job([template("t", change)]);
  const [only] = spec.tasks;
  const tasks = Array.from({ length: count }, (_, index) => ({ ...only, name: `t-${index}` }));
  return { ...spec, tasks: tasks as JobSpec["tasks"] };
};

describe("finish times of whole jobs", () => {
  it("are promised soon after a job was submitted, and then told by whoever reads it", async () => {
    const { engine, forecasts, submit, stop } = await master();
    await submit(array(40));
    const submitted = engine.state.jobs.get(id);
    const submittedAtMs = submitted?.submittedAtMs ?? 0;
    await until(() => (submitted?.promise ?? null) !== null);
    expect(engine.nowMs - submittedAtMs).toBeLessThan(2_000);
    const given = submitted?.promise?.given;
    // Ten after one another of a second each, a little more as they vary.
    expect(given?.p50Ms).toBeGreaterThan(9_500);
    expect(given?.p50Ms).toBeLessThan(13_000);
    // All of them at their p90 would be fifteen seconds and more.
    expect(submitted?.promise?.rolled.p90Ms).toBeLessThan(14_500);
    const finishes = forecasts.finishes();
    const told = jobSummary(engine.state, submitted ?? fail(), forecasts.get(), finishes);
    expect(told.finishP90AtMs).toBe(submittedAtMs + (given?.p90Ms ?? 0) + fromAfter(submitted));
    await stop();
  });

  it("are as good as new while somebody asks, also where nothing happens but time", async () => {
    const { forecasts, submit, stop } = await master();
    await submit(array(1));
    await until(() => forecasts.finishes().has(id));
    const first = forecasts.finishes().get(id)?.fromMs ?? 0;
    await until(() => (forecasts.finishes().get(id)?.fromMs ?? 0) > first + 900);
    await stop();
  });

  it("are not told from long ago: who asks after a while waits for a new round", async () => {
    const { engine, clock, finishes, forecasts, submit, stop } = await master();
    await submit(array(5));
    await until(() => engine.state.jobs.get(id)?.promise !== null);
    const promisedAtMs = engine.state.jobs.get(id)?.promise?.fromMs ?? 0;
    await new Promise<void>((resolve) => void clock.after(3_200, resolve));
    // Nobody has asked, so nothing was played.
    expect(finishes.get().get(id)?.fromMs).toBe(promisedAtMs);
    await forecasts.rolled(id);
    expect(engine.nowMs - (finishes.get().get(id)?.fromMs ?? 0)).toBeLessThan(1_000);
    await stop();
  });

  it("are not promised where nobody knows how long something takes", async () => {
    const { engine, submit, stop } = await master();
    await submit(array(3, { estimate: null }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(engine.state.jobs.get(id)?.promise).toBeNull();
    await stop();
  });

  it("are played in many turns of the event loop for a job of thousands", async () => {
    const { engine, clock, turns, stop } = await master();
    const spec = array(3_000);
    const trial = dryRun(engine.state, { id, spec, principal: "test", archived: {} }, 1_000);
    if (!trial.ok) throw new Error(trial.error.message);
    const before = turns();
    await played(trial.value.rolling, clock);
    expect(turns() - before).toBeGreaterThan(20);
    const { summary } = trial.value.receipt().forecast ?? fail();
    expect(summary.finishP50AtMs).toBeGreaterThan(1_000 + 700_000);
    expect(summary.finishP90AtMs).toBeLessThan(1_000 + 1.7 * 800_000);
    await stop();
  });

  it("are the same for a dry run that is asked for twice", async () => {
    const { engine, clock, stop } = await master();
    const finishOf = async (name: string) => {
      const order = { id: jobId(name), spec: array(50), principal: "test", archived: {} };
      const trial = dryRun(engine.state, order, 1_000);
      if (!trial.ok) throw new Error(trial.error.message);
      await played(trial.value.rolling, clock);
      const { summary } = trial.value.receipt().forecast ?? fail();
      return [summary.finishP50AtMs, summary.finishP90AtMs];
    };
    expect(await finishOf("other")).toEqual(await finishOf("one"));
    await stop();
  });
});

/** How long after its submission a job's finish was foreseen. */
const fromAfter = (one: Job | undefined): number =>
  (one?.promise?.fromMs ?? 0) - (one?.submittedAtMs ?? 0);

function fail(): never {
  throw new Error("nothing is there");
}
