/** Jobs move from memory to the archive, and are in one of the two whatever goes wrong on the way. */
import pino from "pino";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.js";
import { jobId } from "../../core/ids.js";
import { job, template } from "../../core/testing/jobs.js";
import { createMemoryJournal } from "../journal/memory.js";
import { createSimulatedDisk } from "../journal/testing/simulated-disk.js";
import { defaultSettings } from "../pure/genesis.js";
import { stateHash } from "../pure/hash.js";
import { masterClock } from "../shell/clock.js";
import { Engine } from "../shell/engine.js";
import { replay } from "../shell/recovery.js";
import type { Archive } from "./archive.js";
import { Archivist } from "./archivist.js";
import { type ArchiveStore, emptyArchiveStore, openMemoryArchive } from "./memory-archive.js";
import { reconcile } from "./reconcile.js";

const log = pino({ level: "silent" });
const settings = { keepFinishedMs: 0, finishedTasksMax: 100, keysForMs: 1_000 };

/** A master's engine and archivist on a journal and an archive, both in memory. */
async function begin(
  journal = createMemoryJournal(),
  store: ArchiveStore = emptyArchiveStore(),
  change: (archive: Archive) => Partial<Archive> = () => ({}),
) {
  let nowMs = 1_000;
  const clock: Clock = { ...masterClock(), nowMs: () => nowMs };
  const state = await replay(journal);
  const engine = new Engine({ state, journal, log, clock, onFatal: () => undefined });
  const inner = openMemoryArchive(store);
  const archive = { ...inner, ...change(inner) };
  const isWatched = () => false;
  const archivist = new Archivist({ engine, archive, clock, settings, isWatched, log });
  engine.start({
    folded: (events) => archivist.folded(events),
    toWorker: () => undefined,
    happened: () => undefined,
  });
  await engine.execute(
    { type: "BeginEpoch", epoch: state.epoch + 1, settings: defaultSettings },
    "master",
  );
  const finish = async (id: string): Promise<void> => {
    const spec = job([template("one")]);
    await engine.execute({ type: "Submit", jobId: jobId(id), spec, idempotencyKey: id }, "u");
    await engine.execute({ type: "Cancel", job: jobId(id), task: null, reason: "" }, "u");
  };
  const round = async (): Promise<void> => {
    archivist.check();
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
  };
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  return { journal, store, engine, archive, archivist, finish, round, wait };
}

const inMemory = ({ state }: Engine): string[] => [...state.jobs.keys()];

const expectSameAfterReplay = async (engine: Engine, journal: Parameters<typeof replay>[0]) =>
  expect(stateHash((await replay(journal)).hash)).toBe(stateHash(engine.state.hash));

describe("a finished job", () => {
  it("is in the archive before it leaves memory, and is let go of by an event", async () => {
    const seen: string[][] = [];
    const life = await begin(undefined, undefined, (inner) => ({
      put: async (jobs) => {
        seen.push(inMemory(life.engine));
        await inner.put(jobs);
      },
    }));
    await life.finish("a");
    await life.round();
    expect(seen).toEqual([["a"]]);
    expect([inMemory(life.engine), [...life.store.jobs.keys()]]).toEqual([[], ["a"]]);
    await expectSameAfterReplay(life.engine, life.journal);
    await life.engine.stop();
  });

  it("stays if the archive cannot be written, and goes when it can be again", async () => {
    let isFull = true;
    const life = await begin(undefined, undefined, (inner) => ({
      put: async (jobs) => {
        if (isFull) throw new Error("no space");
        await inner.put(jobs);
      },
    }));
    await life.finish("a");
    await life.round();
    expect(inMemory(life.engine)).toEqual(["a"]);
    isFull = false;
    await life.round();
    expect(inMemory(life.engine)).toEqual(["a"]);
    life.wait(60_000);
    await life.round();
    expect(inMemory(life.engine)).toEqual([]);
    await life.engine.stop();
  });

  it("stays if it runs again while it is being written, and is written again when it ends", async () => {
    const life = await begin(undefined, undefined, (inner) => ({
      put: async (jobs) => {
        await inner.put(jobs);
        if (life.store.jobs.get("a")?.summary.state !== "cancelled" || retried) return;
        retried = true;
        await life.engine.execute({ type: "Retry", job: jobId("a"), task: null }, "u");
        const cancel = { type: "Cancel", job: jobId("a"), task: null, reason: "later" } as const;
        await life.engine.execute(cancel, "u");
      },
    }));
    let retried = false;
    await life.finish("a");
    await life.round();
    expect(inMemory(life.engine)).toEqual(["a"]);
    await life.round();
    expect(inMemory(life.engine)).toEqual([]);
    expect(life.store.jobs.get("a")?.text).toContain("later");
    await expectSameAfterReplay(life.engine, life.journal);
    await life.engine.stop();
  });

  it("that was written when its master died, before the event, is in both and counts once", async () => {
    const first = await begin(undefined, undefined, (inner) => ({
      put: async (jobs) => {
        await inner.put(jobs);
        await new Promise(() => {});
      },
    }));
    await first.finish("a");
    await first.round();
    await first.engine.stop();
    const second = await begin(first.journal, first.store);
    expect([inMemory(second.engine), [...second.store.jobs.keys()]]).toEqual([["a"], ["a"]]);
    await second.round();
    expect([inMemory(second.engine), second.store.jobs.size]).toEqual([[], 1]);
    await second.engine.stop();
  });
});

describe("an archive held against its journal", () => {
  const held = async (archive: Archive, journal: ReturnType<typeof createMemoryJournal>) => {
    const { tail } = journal;
    const source = { begins: 1, read: journal.read.bind(journal), linkBefore: async () => null };
    const fileSystem = createSimulatedDisk();
    return reconcile({ archive, fileSystem, directory: "/journal", source, tail });
  };

  it("gets back what it lacks, as it was, and nothing else", async () => {
    const life = await begin();
    for (const id of ["a", "b", "c"]) await life.finish(id);
    await life.round();
    await life.finish("d");
    await life.engine.stop();
    const whole = new Map(life.store.jobs);
    life.store.jobs.delete("b");
    expect(await held(life.archive, life.journal)).toEqual({ rebuilt: 1, lost: null });
    expect(life.store.jobs).toEqual(whole);
    expect(life.store.cursor).toBe(life.journal.tail);
    life.store.jobs.clear();
    life.store.cursor = 0;
    expect(await held(life.archive, life.journal)).toEqual({ rebuilt: 3, lost: null });
    expect(life.store.jobs).toEqual(whole);
    expect(await held(life.archive, life.journal)).toEqual({ rebuilt: 0, lost: null });
  });

  it("says what is lost where the journal begins behind what it lacks", async () => {
    const life = await begin();
    await life.finish("a");
    await life.round();
    await life.finish("b");
    await life.engine.stop();
    const { tail } = life.journal;
    const begins = tail - 1;
    const source = {
      begins,
      read: (from: number) => life.journal.read(from),
      linkBefore: async () => null,
    };
    const archive = openMemoryArchive();
    const options = {
      archive,
      fileSystem: createSimulatedDisk(),
      directory: "/journal",
      source,
      tail,
    };
    const { lost } = await reconcile(options);
    expect(lost).toContain(`up to event 0, and the journal begins with ${begins}`);
    expect(await archive.cursor(null)).toBe(0);
  });

  it("of a journal that was put back to an earlier time knows no more than that", async () => {
    const life = await begin();
    await life.engine.stop();
    life.store.cursor = 1_000;
    expect(await held(life.archive, life.journal)).toEqual({ rebuilt: 0, lost: null });
    expect(life.store.cursor).toBe(life.journal.tail);
  });
});
