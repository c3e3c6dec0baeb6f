/** The conversation with a predictor, over a real connection: told once, told again, heard, doubted. */

import { credentials } from "@grpc/grpc-js";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { jobId, taskId, workerId } from "../../core/ids.js";
import type { HistoryRecord } from "../../core/prediction.js";
import { job, template, workerFacts } from "../../core/testing/jobs.js";
import { createMemoryJournal } from "../journal/memory.js";
import type { Command } from "../pure/commands.js";
import { estimateOf } from "../pure/estimates.js";
import type { Event } from "../pure/events.js";
import { historySequence } from "../pure/foreseen.js";
import { defaultSettings, genesis } from "../pure/genesis.js";
import { masterClock } from "./clock.js";
import { Engine } from "./engine.js";
import { PlannerClient } from "./planner-client.js";
import { plannerModels } from "./planner-models.js";
import { connectPlanner } from "./planner-port.js";
import { replay } from "./recovery.js";
import { type Script, startScriptedPlanner } from "./testing/scripted-planner.js";

const log = pino({ level: "silent" });

/** A master that speaks to a planner; `journal` of one before it, or a new one. */
async function lead(address: string, journal = createMemoryJournal()) {
  const state = journal.tail === 0 ? genesis() : await replay(journal);
  let aheadMs = 0;
  const own = masterClock();
  const clock = { ...own, nowMs: () => own.nowMs() + aheadMs };
  const engine = new Engine({ state, journal, log, clock, onFatal: () => undefined });
  const events: Event[] = [];
  const planner = new PlannerClient({
    ...{ engine, clock, log, budgetMs: 100, solvers: [], seed: 1 },
    connect: () => connectPlanner(address, credentials.createInsecure()),
  });
  const epoch = state.epoch + 1;
  await engine.execute({ type: "BeginEpoch", epoch, settings: defaultSettings }, "master");
  engine.start({
    folded: () => undefined,
    toWorker: () => undefined,
    happened: (recorded) => {
      events.push(...recorded.map(({ event }) => event));
      planner.happened(recorded);
    },
  });
  planner.start();
  const act = async (command: Command, principal = "ana"): Promise<void> => {
    const reply = await engine.execute(command, principal);
    if (!reply.ok) throw new Error(reply.error.message);
  };
  return {
    ...{ engine, planner, events, journal, act },
    submit: (id: string, names: readonly string[], scheduledAtMs: number | null = 2e12) =>
      act({
        ...{ type: "Submit", jobId: jobId(id), idempotencyKey: "" },
        spec: job(names.map((name) => template(name, { scheduledAtMs }))),
      }),
    skip: (ms: number) => {
      aheadMs += ms;
    },
    count: (type: Event["type"]) => events.filter((event) => event.type === type).length,
    [Symbol.asyncDispose]: async () => {
      planner.stop();
      await engine.stop();
    },
  };
}

type Master = Awaited<ReturnType<typeof lead>>;

const until = (what: () => unknown, expected: unknown): Promise<void> =>
  expect.poll(what, { timeout: 10_000, interval: 20 }).toEqual(expected);

const nameOf = ({ what }: HistoryRecord): string =>
  what.kind === "foreseen"
    ? what.subject.key
    : what.kind === "ended"
      ? `ended ${what.run.key}`
      : `serve ${what.choice.sha256?.[0] ?? "none"}`;

const estimate = { p50Ms: 4_000, p90Ms: 6_000, source: "model" as const, confidence: 0.71234 };
const revisesAll: Script["revises"] = (fresh) =>
  fresh.flatMap(({ what }) =>
    what.kind === "foreseen" ? [{ key: what.subject.key, estimate }] : [],
  );
const sourceOf = ({ engine: { state } }: Master, id: string, name: string): string => {
  const task = state.tasks.get(taskId(jobId(id), name));
  return task === undefined ? "none" : estimateOf(state, task).source;
};
const choice = (digit: string, by: string, pinned = false): Command => ({
  ...{ type: "ChooseModel", sha256: digit.repeat(64), version: `v${digit}`, pinned, by },
  reason: "it is better",
});

/** One task has run on a worker of speed 2, paused for a second of its three. */
async function runOne(master: Master): Promise<void> {
  const worker = workerId("w");
  const incarnation = { worker, boot: "b", session: "s" };
  const facts = { ...workerFacts("w"), speed: 2 };
  const hello = { incarnation, facts, epochSeen: 0, live: [], unacknowledged: [] };
  await master.act({ type: "WorkerHello", hello }, "worker w");
  await master.submit("ran", ["work"], null);
  await until(() => master.count("AttemptLaunched"), 1);
  const attempt = master.engine.state.tasks.get(taskId(jobId("ran"), "work"))?.attempts[0];
  if (attempt === undefined) throw new Error("no attempt");
  const { id, launchedAtMs: startedAtMs } = attempt;
  const none = { started: [], finished: [], refused: [] };
  const usage = { peakMemoryBytes: 4_096, cpuMs: null };
  const report = (said: Partial<Extract<Command, { type: "WorkerReport" }>>) =>
    master.act({ type: "WorkerReport", incarnation, ...none, ...said }, "worker w");
  await report({ started: [{ attempt: id, startedAtMs, pid: 1 }] });
  const finished = { attempt: id, startedAtMs, endedAtMs: startedAtMs + 3_000, usage };
  await report({
    finished: [
      { ...finished, outcome: { kind: "exited", exitCode: 0 }, stdoutBytes: 0, stderrBytes: 0 },
    ],
  });
}

describe("a predictor", () => {
  it("is told of jobs, runs and choices in the order of the journal, each once", async () => {
    await using planner = await startScriptedPlanner();
    await using master = await lead(planner.address);
    await runOne(master);
    await until(() => planner.told.length, 2);
    await master.act(choice("1", "ana"));
    await master.submit("two", ["a", "b"]);
    await until(
      () => planner.told.map(nameOf),
      ["ran/0", "ended ran/0", "serve 1", "two/0", "two/1"],
    );
    const sequences = planner.told.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(planner.told[1]?.what).toMatchObject({
      run: { durationMs: 3_000, workerSpeed: 2, succeeded: true, peakMemoryBytes: 4_096 },
    });
    const ended = planner.told[1]?.what;
    if (ended?.kind !== "ended") throw new Error("no run");
    const { launchedSequence } = ended.run;
    expect(launchedSequence).toBeGreaterThan(planner.told[0]?.sequence ?? 0);
    expect(launchedSequence).toBeLessThan(planner.told[1]?.sequence ?? 0);
    expect(launchedSequence % historySequence(1)).toBe(0);
  });

  it("is told in batches that the wire takes, of an array of 100,000 tasks in one record", async () => {
    await using planner = await startScriptedPlanner();
    await using master = await lead(planner.address);
    await master.submit(
      "many",
      Array.from({ length: 2_500 }, (_, at) => `t${at}`),
    );
    const spec = job([template("one", { scheduledAtMs: 2e12 })]);
    const [entry] = spec.tasks;
    if (entry === undefined) throw new Error("no task");
    const tasks = Array.from({ length: 100_000 }, (_, at) => ({ ...entry, name: `one[${at}]` }));
    const submission = { jobId: jobId("array"), spec: { ...spec, tasks }, idempotencyKey: "" };
    await master.act({ type: "Submit", ...submission });
    await until(() => planner.told.length, 2_501);
    expect(Math.max(...planner.requests.map(({ length }) => length))).toBeLessThanOrEqual(1_000);
    expect(nameOf(planner.told.at(-1) ?? fail())).toBe("array/0");
  });

  it("that begins anew without a word is told everything again, first what it is to serve", async () => {
    await using planner = await startScriptedPlanner();
    await using master = await lead(planner.address);
    await master.submit("one", ["a"]);
    await until(() => planner.told.length, 1);
    await master.act(choice("1", "ana"));
    await until(() => planner.told.map(nameOf), ["one/0", "serve 1"]);
    planner.forget();
    await until(() => planner.told.map(nameOf), ["serve 1", "one/0", "serve 1"]);
    await master.submit("two", ["a"]);
    await until(() => planner.told.map(nameOf).at(-1), "two/0");
    expect(planner.told).toHaveLength(4);
  });

  it("that outlives its master takes nothing twice, and nothing is missing", async () => {
    await using planner = await startScriptedPlanner();
    const journal = createMemoryJournal();
    {
      await using first = await lead(planner.address, journal);
      await runOne(first);
      await until(() => planner.told.length, 2);
      await first.act(choice("1", "ana"));
      await until(() => planner.told.length, 3);
    }
    const before = [...planner.told];
    await using second = await lead(planner.address, journal);
    await second.submit("next", ["a"]);
    await until(() => planner.told.map(nameOf), ["ran/0", "ended ran/0", "serve 1", "next/0"]);
    // One that begins anew hears the same of the second master as of the first.
    planner.forget();
    await until(() => planner.told.length, 5);
    expect(planner.told.slice(1, 4)).toEqual(before);
  });

  it("that does not take a request is asked again later, and then told from where it stands", async () => {
    const trouble = { code: "internal" as const, message: "no", violations: [] };
    const script: Script = {
      fails: (request) => (request === 1 || request === 4 ? trouble : null),
    };
    await using planner = await startScriptedPlanner(script);
    await using master = await lead(planner.address);
    await master.submit("one", ["a"]);
    await until(() => planner.told.map(nameOf), ["one/0"]);
    await master.submit("two", ["a"]);
    await until(() => planner.told.filter((one) => nameOf(one) === "two/0").length, 1);
    const sequences = planner.told.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  });

  it("whose answer was lost is asked once more about what it has said nothing of", async () => {
    let answers = 0;
    const script: Script = {
      revises: (fresh) => (++answers < 4 ? [] : (revisesAll?.(fresh) ?? [])),
    };
    const journal = createMemoryJournal();
    await using planner = await startScriptedPlanner(script);
    {
      await using first = await lead(planner.address, journal);
      await first.submit("one", ["a"]);
      await until(() => planner.told.map(nameOf), ["one/0"]);
      await until(() => answers >= 4, true);
      expect(sourceOf(first, "one", "a")).toBe("user");
    }
    await using second = await lead(planner.address, journal);
    await until(() => sourceOf(second, "one", "a"), "model");
    expect(planner.told.map(nameOf)).toEqual(["one/0", "one/0"]);
  });
});

describe("what a predictor says", () => {
  it("becomes the estimate that is planned by", async () => {
    await using planner = await startScriptedPlanner({ revises: revisesAll });
    await using master = await lead(planner.address);
    await master.submit("one", ["a", "b"]);
    await until(() => sourceOf(master, "one", "b"), "model");
    // Told once it is on disk, a moment after the state has it.
    await until(() => master.events.find(({ type }) => type === "EstimatesRevised"), {
      type: "EstimatesRevised",
      entries: [0, 1].map((at) => ({
        ...{ job: "one", template: at, ...estimate },
        confidence: 0.712,
      })),
    });
  });

  it("comes into the journal twice a second at most, the latest word about each way", async () => {
    let p50Ms = 1_000;
    const script: Script = {
      revises: () => {
        p50Ms = Math.round(p50Ms * 1.1);
        return [{ key: "one/0", estimate: { ...estimate, p50Ms, p90Ms: 2 * p50Ms } }];
      },
    };
    await using planner = await startScriptedPlanner(script);
    await using master = await lead(planner.address);
    await master.submit("one", ["a"]);
    await until(() => sourceOf(master, "one", "a"), "model");
    const before = master.count("EstimatesRevised");
    // Each of these has it answer, and so revise.
    for (let at = 0; at < 20; at++) {
      await master.submit(`more${at}`, ["a"]);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(planner.requests.length).toBeGreaterThan(8);
    expect(master.count("EstimatesRevised") - before).toBeLessThanOrEqual(5);
  });

  it("is left out where it makes no sense, and the rest is taken", async () => {
    const wrong = [{ p50Ms: 0 }, { p90Ms: 1 }, { source: "unknown" as const }, { confidence: 7 }];
    const script: Script = {
      revises: () => [
        ...wrong.map((change) => ({ key: "one/0", estimate: { ...estimate, ...change } })),
        { key: "one/99", estimate },
        { key: "nobody/0", estimate },
        { key: "?", estimate },
        { key: "one/1", estimate },
      ],
    };
    await using planner = await startScriptedPlanner(script);
    await using master = await lead(planner.address);
    await master.submit("one", ["a", "b"]);
    await until(() => sourceOf(master, "one", "b"), "model");
    expect(master.engine.state.jobs.get(jobId("one"))?.revised).toHaveProperty("1");
    expect(sourceOf(master, "one", "a")).toBe("user");
  });

  it("no longer holds once it has been gone for half a minute, and does when it is back", async () => {
    const planner = await startScriptedPlanner({ revises: revisesAll });
    await using master = await lead(planner.address);
    await master.submit("one", ["a"]);
    await until(() => sourceOf(master, "one", "a"), "model");
    await planner[Symbol.asyncDispose]();
    await until(() => master.planner.status.state, "unreachable");
    expect(sourceOf(master, "one", "a")).toBe("model");
    master.skip(30_001);
    await until(() => master.count("EstimatesWithdrawn"), 1);
    expect(sourceOf(master, "one", "a")).toBe("user");
    await using back = await startScriptedPlanner({ revises: revisesAll, listen: planner.address });
    await until(() => sourceOf(master, "one", "a"), "model");
    expect(back.told.map(nameOf)).toEqual(["one/0"]);
  });
});

describe("a proposal", () => {
  const proposes = (digit: string) => () => ({ sha256: digit.repeat(64), version: `v${digit}` });

  it("is followed once, and the predictor told of it", async () => {
    await using planner = await startScriptedPlanner({ proposes: proposes("3") });
    await using master = await lead(planner.address);
    await until(() => planner.told.map(nameOf), ["serve 3"]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(master.count("ModelChosen")).toBe(1);
    expect(master.engine.state.model).toMatchObject({
      version: "v3",
      by: "planner",
      pinned: false,
    });
  });

  it("changes nothing while a person has pinned another", async () => {
    let isSure = false;
    const script: Script = { proposes: () => (isSure ? proposes("3")() : null) };
    await using planner = await startScriptedPlanner(script);
    await using master = await lead(planner.address);
    await master.act(choice("1", "ana", true));
    isSure = true;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(master.count("ModelChosen")).toBe(1);
    await master.act(choice("1", "ana", false));
    await until(() => master.engine.state.model.version, "v3");
  });
});

describe("models that a planner keeps", () => {
  it("cannot be asked for without a planner, of one that is away, or of one that hangs", async () => {
    expect(await plannerModels(() => null).list()).toMatchObject({
      error: { code: "failed_precondition", message: /no planner is configured/ },
    });
    const gone = await startScriptedPlanner();
    await gone[Symbol.asyncDispose]();
    const port = connectPlanner(gone.address, credentials.createInsecure());
    expect(await plannerModels(() => port).list()).toMatchObject({
      error: { code: "failed_precondition", message: /the planner cannot be reached/ },
    });
    port.close();
    await using hung = await startScriptedPlanner({ others: { listModels: () => undefined } });
    const slow = connectPlanner(hung.address, credentials.createInsecure());
    expect(await plannerModels(() => slow).list()).toMatchObject({
      error: { code: "failed_precondition", message: /has not answered within 5 s/ },
    });
    slow.close();
  }, 20_000);
});

function fail(): never {
  throw new Error("nothing was told");
}
