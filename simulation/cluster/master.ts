/**
 * The master: its real journal on a disk that forgets, its real engine, sessions and planner's
 * client, on a machine of its own.
 */
import pino from "pino";
import { Archivist } from "../../master/history/archivist.js";
import { type ArchiveStore, emptyArchiveStore } from "../../master/history/memory-archive.js";
import { pastRecords } from "../../master/history/past-records.js";
import { reconcile } from "../../master/history/reconcile.js";
import type { FileSystem } from "../../master/journal/file-system.js";
import type { Journal, JournalRecord } from "../../master/journal/journal.js";
import {
  openSegmentedJournal,
  type SegmentedJournal,
} from "../../master/journal/segmented-file.js";
import {
  createSimulatedDisk,
  type SimulatedDisk,
} from "../../master/journal/testing/simulated-disk.js";
import type { ClusterSettings, Recorded } from "../../master/pure/events.js";
import { stateHash } from "../../master/pure/hash.js";
import type { State } from "../../master/pure/state.js";
import { Engine } from "../../master/shell/engine.js";
import { RolledFinishes } from "../../master/shell/finishes.js";
import { outletsOf } from "../../master/shell/outlets.js";
import { PlannerClient } from "../../master/shell/planner-client.js";
import { replay, restore } from "../../master/shell/recovery.js";
import { Sessions, type WorkerStream } from "../../master/shell/sessions.js";
import { takeSnapshot } from "../../master/shell/take-snapshot.js";
import packageFile from "../../package.json" with { type: "json" };
import type { Surroundings } from "../surroundings.js";
import { Machine, SimulatedProcess } from "../world/machine.js";
import { slowDisk } from "../world/slow-disk.js";
import { slowArchive } from "./slow-archive.js";

export const masterName = "master";
const log = pino({ level: "silent" });
const directory = "/journal";
/** Small, so that a life sees many. */
const segmentBytes = 8 * 1024;
const snapshotEveryMs = 1_000;
/** A sync in which the power fails takes long, so that what is sent too early arrives. */
const doomedSyncMs = 400;
const heartbeatIntervalMs = 2_000;
/** Short, so that jobs leave memory while others run and come. */
const history = { keepFinishedMs: 5_000, finishedTasksMax: 30, keysForMs: 3_600_000 };
const restartMs = 2_000;
/** Short, as jobs are. */
const withdrawnAfterMs = 5_000;

/** What a master knew when it was last asked: held against what its successor finds. */
export interface MasterLife {
  readonly process: SimulatedProcess;
  readonly engine: Engine;
  readonly sessions: Sessions;
}

export class MasterNode {
  readonly machine: Machine;
  disk: SimulatedDisk = createSimulatedDisk();
  readonly archived: ArchiveStore = emptyArchiveStore();
  life: MasterLife | null = null;
  readonly #world: Surroundings;
  readonly #settings: ClusterSettings;
  readonly #rollOutsMax: number;
  #starting: SimulatedProcess | null = null;
  /** Syncs until the one in which the power fails, and how long it stays away then; null: none. */
  #doomed: { syncs: number; readonly awayMs: number } | null = null;
  /** Each append is asked for twice, as after an answer that came too late. */
  asksTwice = false;

  constructor(world: Surroundings, settings: ClusterSettings, rollOutsMax: number) {
    this.#world = world;
    this.#settings = settings;
    this.#rollOutsMax = rollOutsMax;
    this.machine = new Machine(masterName, world.time);
    this.machine.powerOn();
  }

  get process(): SimulatedProcess | null {
    return this.life?.process ?? this.#starting;
  }

  start(): void {
    if (this.process?.isAlive === true) return;
    const process = new SimulatedProcess(this.machine);
    this.#starting = process;
    this.life = null;
    this.#lead(process).catch((error: unknown) => {
      if (!process.isAlive) return;
      // A disk that fails while the journal is recovered ends the process too.
      if (!isOfTheDisk(error)) this.#world.witness.errors.push(`master: ${String(error)}`);
      this.#endItself(String(error));
    });
  }

  /** The kernel keeps what it was given; a machine without power only what was synced. */
  stop(how: "killed" | "power"): void {
    this.process?.end(how);
    this.life = null;
    this.#starting = null;
    if (how === "power") this.disk = this.disk.crash(this.#world.random);
  }

  /** The power fails in the middle of a sync, after so many others; null: it does not. */
  doomSync(doomed: { readonly syncs: number; readonly awayMs: number } | null): void {
    this.#doomed = doomed === null ? null : { ...doomed };
  }

  readonly #syncMs = (): number => {
    const doomed = this.#doomed;
    if (doomed === null) return this.#world.syncMs();
    doomed.syncs -= 1;
    if (doomed.syncs >= 0) return this.#world.syncMs();
    this.#doomed = null;
    const { time } = this.#world;
    time.at(time.nowMs + doomedSyncMs / 2, () => this.stop("power"));
    time.at(time.nowMs + doomedSyncMs + doomed.awayMs, () => this.start());
    return doomedSyncMs;
  };

  /** What runs services starts it again. */
  #endItself(why: string): void {
    const { witness, time } = this.#world;
    witness.note(`master ends: ${why}`);
    this.stop("killed");
    time.at(time.nowMs + restartMs, () => this.start());
  }

  async #lead(process: SimulatedProcess): Promise<void> {
    const { clock } = process;
    const world = this.#world;
    const fileSystem = slowDisk(this.disk, clock, this.#syncMs);
    const opened = await openSegmentedJournal({
      directory,
      segmentBytes,
      fileSystem,
      acquireLock: async () => ({ release: async () => undefined }),
    });
    const { state, snapshot } = await restore(fileSystem, directory, opened);
    if (snapshot !== null) await this.#compareWithReplay(opened, state);
    const found: Recorded[] = [];
    for await (const record of opened.read(1)) found.push(eventOf(record));
    world.recovered(found, state);
    const archive = slowArchive(this.archived, clock, world.syncMs);
    const whole = await reconcile({
      archive,
      fileSystem,
      directory,
      source: opened,
      tail: opened.tail,
    });
    if (whole.rebuilt > 0 || whole.lost !== null) {
      world.witness.errors.push(`the archive lacked ${whole.rebuilt} jobs; ${whole.lost}`);
    }
    const journal = tapped(opened, {
      durable: (records) => world.recorded(records.map(eventOf), state),
      asksTwice: () => this.asksTwice,
    });
    const onFatal = (error: Error): void => {
      this.#endItself(error.message);
    };
    const engine = new Engine({ state, journal, log, clock, onFatal });
    const epoch = Math.max(state.epoch, journal.epoch) + 1;
    const began = await engine.execute(
      { type: "BeginEpoch", epoch, settings: this.#settings },
      "master",
    );
    if (!began.ok) throw new Error(began.error.message);
    const received = { blobs: { sizeOf: async () => null }, sent: null };
    const sessions = new Sessions({
      engine,
      received,
      reveal: () => ({ env: [], files: [], unavailable: "there are no secrets here" }),
      heartbeatIntervalMs,
      version: packageFile.version,
      log,
    });
    const planner = new PlannerClient({
      engine,
      clock,
      connect: () => world.dialPlanner(process),
      budgetMs: 1_000,
      solvers: [],
      seed: epoch,
      past: () => pastRecords(archive),
      withdrawnAfterMs,
      log,
    });
    const isWatched = (): boolean => false;
    const archivist = new Archivist({ engine, archive, clock, settings: history, isWatched, log });
    const finishes = new RolledFinishes({ engine, clock, samplesMax: this.#rollOutsMax });
    const others = {
      folded: (events: readonly Recorded[]) => archivist.folded(events),
      happened: (events: readonly Recorded[]) => finishes.happened(events),
    };
    engine.start(outletsOf(sessions, planner, others));
    planner.start();
    archivist.start();
    finishes.start();
    this.life = { process, engine, sessions };
    this.#starting = null;
    this.#keepSnapshots(process, fileSystem, opened, snapshot?.sequence ?? 0);
  }

  /** A snapshot and what came after it give what the whole journal gives. */
  async #compareWithReplay(opened: Journal, restored: State): Promise<void> {
    const whole = await replay(opened);
    if (stateHash(whole.hash) === stateHash(restored.hash)) return;
    this.#world.witness.errors.push(`a snapshot gives another state at ${whole.seq}`);
  }

  /** As `keepSnapshots` does, which has a thread for it. */
  #keepSnapshots(
    process: SimulatedProcess,
    fileSystem: FileSystem,
    opened: SegmentedJournal,
    last: number,
  ): void {
    const { witness } = this.#world;
    let lastSequence = last;
    let isTaking = false;
    process.clock.every(snapshotEveryMs, () => {
      if (isTaking || opened.sealedBehind(lastSequence) === 0) return;
      isTaking = true;
      takeSnapshot(fileSystem, directory)
        .then((taken) => {
          lastSequence = taken?.sequence ?? lastSequence;
          witness.note(`snapshot ${lastSequence}`);
        })
        .catch((error: unknown) => {
          lastSequence = opened.sealedTail;
          if (!isOfTheDisk(error)) witness.errors.push(`snapshot: ${String(error)}`);
        })
        .finally(() => {
          isTaking = false;
        });
    });
  }

  accept(stream: WorkerStream): void {
    this.life?.sessions.accept(stream);
  }

  /** How the jobs that left memory had ended, says the archive. */
  get archivedStates(): ReadonlyMap<string, string> {
    return new Map([...this.archived.jobs].map(([id, { summary }]) => [id, summary.state]));
  }

  get state(): State | null {
    return this.life?.engine.state ?? null;
  }
}

interface Tap {
  readonly durable: (records: readonly JournalRecord[]) => void;
  readonly asksTwice: () => boolean;
}

/** Tells what has become durable, before anybody else can know. */
function tapped(journal: Journal, { durable, asksTwice }: Tap): Journal {
  return {
    get tail() {
      return journal.tail;
    },
    get epoch() {
      return journal.epoch;
    },
    get pending() {
      return journal.pending;
    },
    async append(epoch, expectedTail, batch) {
      const asked = journal.append(epoch, expectedTail, batch);
      const again = asksTwice() ? journal.append(epoch, expectedTail, batch) : null;
      await Promise.all([asked.then(() => durable(batch)), again]);
    },
    read: (from) => journal.read(from),
    close: () => journal.close(),
  };
}

const eventOf = ({ payload }: JournalRecord): Recorded => JSON.parse(payload) as Recorded;

function isOfTheDisk(error: unknown): boolean {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (code === "EIO" || code === "ENOSPC") return true;
  return cause !== undefined && isOfTheDisk(cause);
}
