/**
 * A master: takes the journal's lock, folds the journal, begins an epoch of its own, and serves
 * jobs, the cluster and workers until it is told to stop or can no longer write.
 */
import { join } from "node:path";
import type { Serving } from "../../proto/serving.js";
import type { Archive } from "../history/archive.js";
import { openArchive } from "../history/open-archive.js";
import { trimJournal } from "../history/trim.js";
import { nodeFileSystem } from "../journal/file-system.js";
import { openSegmentedJournal, type SegmentedJournal } from "../journal/segmented-file.js";
import type { Recorded } from "../pure/events.js";
import { keepSwept } from "./blobs.js";
import { masterClock } from "./clock.js";
import { Engine, type Outlets } from "./engine.js";
import type { MasterOptions, RunningMaster } from "./master-options.js";
import { outletsOf } from "./outlets.js";
import { assemble, type Parts } from "./parts.js";
import { type Restored, restore } from "./recovery.js";
import { serveParts } from "./services.js";
import { keepSnapshots, type Snapshots } from "./snapshots.js";

/** Throws JournalError (`locked`, `corrupt`, …) or an address error, with nothing left open. */
export async function startMaster(options: MasterOptions): Promise<RunningMaster> {
  const directory = journalOf(options);
  const { segmentBytes, fileSystem = nodeFileSystem } = options;
  const journal = await openSegmentedJournal({ directory, segmentBytes, fileSystem });
  let archive: Archive | null = null;
  try {
    const restored = await recoverState(options, journal);
    archive = await archiveOf(options, journal);
    return await lead(options, { journal, archive, restored });
  } catch (error) {
    await archive?.close(null);
    await journal.close();
    throw error;
  }
}

interface Found {
  readonly journal: SegmentedJournal;
  readonly archive: Archive;
  readonly restored: Restored;
}

const journalOf = ({ dataDirectory }: MasterOptions): string => join(dataDirectory, "journal");

async function recoverState(options: MasterOptions, journal: SegmentedJournal): Promise<Restored> {
  const { log } = options;
  const beganMs = performance.now();
  if (journal.tornTail !== null) log.warn({ tail: journal.tornTail }, "repaired a torn tail");
  const restored = await restore(options.fileSystem ?? nodeFileSystem, journalOf(options), journal);
  const { state, snapshot, rejected } = restored;
  for (const { path, why } of rejected) log.warn({ path, why }, "a snapshot cannot be used");
  const ms = Math.round(performance.now() - beganMs);
  log.info({ events: state.seq, snapshot: snapshot?.sequence ?? 0, ms }, "journal replayed");
  return restored;
}

function archiveOf(options: MasterOptions, journal: SegmentedJournal): Promise<Archive> {
  const { dataDirectory, archiveThreadEntry: threadEntry, acceptLostHistory, log } = options;
  return openArchive({
    dataDirectory,
    fileSystem: options.fileSystem ?? nodeFileSystem,
    directory: journalOf(options),
    source: journal,
    tail: journal.tail,
    ...(threadEntry === undefined ? {} : { threadEntry }),
    acceptLoss: acceptLostHistory === true,
    log,
  });
}

/** Begins an epoch, and serves. */
async function lead(options: MasterOptions, found: Found): Promise<RunningMaster> {
  const { journal, archive, restored } = found;
  const { log, settings, onFatal } = options;
  const clock = masterClock();
  const { state } = restored;
  const engine = new Engine({ state, journal, log, clock, onFatal });
  const epoch = Math.max(state.epoch, journal.epoch) + 1;
  const began = await engine.execute({ type: "BeginEpoch", epoch, settings }, "master");
  if (!began.ok) throw new Error(began.error.message);
  const leader = { engine, archive, clock, epoch };
  const parts = await assemble(options, leader);
  const { security, planner, archivist, received, history } = parts;
  const serving = await serveParts(options, leader, parts).catch((error: unknown) => {
    security?.stop();
    throw error;
  });
  engine.start(outlets(options, parts, serving));
  planner.start();
  archivist.start();
  parts.finishes.start();
  const swept = keepSwept({ received, engine, history, log });
  const snapshots = snapshotsOf(options, found);
  log.info({ address: serving.address, epoch, tls: security !== null }, "master ready");
  const stop = async (): Promise<void> => {
    security?.stop();
    swept.stop();
    await parts.secrets.stop();
    planner.stop();
    parts.finishes.stop();
    parts.sessions.closeAll();
    await serving.stop();
    await snapshots?.stop();
    await archivist.stop();
    await engine.stop();
    await parts.logCache.idle();
    // Only saves the next start some reading.
    await archive.setCursor(journal.tail).catch(() => undefined);
    await archive.close(null);
    await journal.close();
  };
  return { address: serving.address, epoch, stop };
}

function outlets(options: MasterOptions, parts: Parts, serving: Serving): Outlets {
  const { sessions, planner, watches, archivist, failureLogs, finishes } = parts;
  return outletsOf(sessions, planner, {
    folded: (events) => {
      watches.remember(events);
      archivist.folded(events);
    },
    happened: (events) => {
      watches.wake();
      failureLogs.happened(events);
      finishes.happened(events);
      if (!events.some(isBarring)) return;
      serving.recheck();
      if (options.plannerTls === true) planner.reconnect();
    },
  });
}

const isBarring = ({ event }: Recorded): boolean => event.type === "CertificateBarred";

function snapshotsOf(
  options: MasterOptions,
  { journal, archive, restored: { snapshot: last } }: Found,
): Snapshots | null {
  const { snapshotThreadEntry: threadEntry, segmentBytes, log } = options;
  if (threadEntry === undefined) return null;
  const directory = journalOf(options);
  const onUsable = (usable: readonly number[]): void => {
    if (options.trimJournal === false) return;
    trimJournal({ journal, archive, usable, log }).catch((error: unknown) =>
      log.error({ err: error }, "the journal was not trimmed"),
    );
  };
  return keepSnapshots({ directory, journal, segmentBytes, threadEntry, last, onUsable, log });
}
