import pino from "pino";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.js";
import { jobId, workerId } from "../../core/ids.js";
import { job, template, workerFacts } from "../../core/testing/jobs.js";
import { type Journal, JournalError } from "../journal/journal.js";
import { createMemoryJournal } from "../journal/memory.js";
import { defaultSettings, genesis } from "../pure/genesis.js";
import { stateHash } from "../pure/hash.js";
import { Script } from "../pure/testing/script.js";
import { masterClock } from "./clock.js";
import { Engine } from "./engine.js";
import { replay } from "./recovery.js";

/** A journal whose disk is slow until told otherwise. */
function heldJournal(): { journal: Journal; release: () => void } {
  const inner = createMemoryJournal();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const journal: Journal = {
    get tail() {
      return inner.tail;
    },
    get epoch() {
      return inner.epoch;
    },
    get pending() {
      return inner.pending;
    },
    append: async (epoch, tail, batch) => {
      await held;
      return inner.append(epoch, tail, batch);
    },
    read: (from) => inner.read(from),
    close: () => inner.close(),
  };
  return { journal, release };
}

function engineOn(journal: Journal, onFatal: (error: Error) => void = () => undefined): Engine {
  let nowMs = 1_000;
  return new Engine({
    state: genesis(),
    journal,
    log: pino({ level: "silent" }),
    clock: { ...masterClock(), nowMs: () => nowMs++ },
    onFatal,
  });
}

const begin = { type: "BeginEpoch" as const, epoch: 1, settings: defaultSettings };
const submit = (id: string) => ({
  type: "Submit" as const,
  jobId: jobId(id),
  spec: job([template("one")]),
  idempotencyKey: "",
});

describe("the engine", () => {
  it("lets no reply, read or notice out before the journal is durable up to what it saw", async () => {
    const { journal, release } = heldJournal();
    const engine = engineOn(journal);
    const out: string[] = [];
    engine.start({
      folded: () => undefined,
      toWorker: () => undefined,
      happened: () => out.push("notice"),
    });
    void engine.execute(begin, "test").then(() => out.push("reply"));
    void engine.read((state) => state.epoch).then((epoch) => out.push(`read ${epoch}`));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(out).toEqual([]);
    release();
    await engine.durable();
    await engine.stop();
    expect(out).toEqual(["notice", "reply", "read 1"]);
  });

  it("puts the commands of one turn of the event loop into one append", async () => {
    const inner = createMemoryJournal();
    let appends = 0;
    const journal: Journal = new Proxy(inner, {
      get: (target, key) => {
        if (key === "append") appends++;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const engine = engineOn(journal);
    await engine.execute(begin, "test");
    appends = 0;
    await Promise.all(["a", "b", "c"].map((id) => engine.execute(submit(id), "test")));
    expect(appends).toBeLessThanOrEqual(2);
  });

  it("ends the process on a failed append, and answers nothing", async () => {
    const inner = createMemoryJournal();
    const journal: Journal = new Proxy(inner, {
      get: (target, key) => {
        if (key === "append") return () => Promise.reject(new JournalError("io_failed", "no disk"));
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const fatal: Error[] = [];
    const engine = engineOn(journal, (error) => fatal.push(error));
    await expect(engine.execute(begin, "test")).rejects.toThrow("no disk");
    expect(fatal.map((error) => error.message)).toEqual(["no disk"]);
  });

  it("takes nobody for silent because it was held itself", async () => {
    let nowMs = 1_000;
    let tick: () => void = () => undefined;
    const clock: Clock = {
      ...masterClock(),
      nowMs: () => nowMs,
      every: (_, action) => {
        tick = action;
        return { clear: () => undefined };
      },
    };
    const log = pino({ level: "silent" });
    const journal = createMemoryJournal();
    const engine = new Engine({ state: genesis(), journal, log, clock, onFatal: () => undefined });
    await engine.execute(begin, "test");
    const incarnation = { worker: workerId("one"), boot: "boot", session: "session" };
    const facts = workerFacts("one");
    const hello = { incarnation, facts, epochSeen: 0, live: [], unacknowledged: [] };
    await engine.execute({ type: "WorkerHello", hello }, "worker one");
    engine.start({ folded: () => {}, toWorker: () => {}, happened: () => {} });
    const pass = (ms: number): void => {
      nowMs += ms;
      tick();
    };
    const stateOf = () => engine.state.workers.get(incarnation.worker)?.state;
    pass(60_000);
    expect(stateOf()).toBe("connected");
    for (let passedMs = 0; passedMs <= 10_000; passedMs += 500) pass(500);
    expect(stateOf()).toBe("lost");
    await engine.stop();
  });

  it("is rebuilt equal by a replay of its journal", async () => {
    const journal = createMemoryJournal();
    const engine = engineOn(journal);
    await engine.execute(begin, "test");
    await engine.execute(submit("a"), "test");
    const cancel = { type: "Cancel" as const, job: jobId("a"), task: null, reason: "enough" };
    await engine.execute(cancel, "test");
    const again = await replay(journal);
    expect(again.seq).toBe(engine.state.seq);
    expect(stateHash(again.hash)).toBe(stateHash(engine.state.hash));
  });

  it("refuses to read events of a version it does not know", async () => {
    const journal = createMemoryJournal();
    const script = new Script();
    const [first] = script.events;
    const payload = JSON.stringify({ ...first, version: 99 });
    await journal.append(1, 0, [{ sequence: 1, payload }]);
    await expect(replay(journal)).rejects.toThrow("version 99");
  });
});
