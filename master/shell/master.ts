/**
 * A master: takes the journal's lock, folds the journal, begins an epoch of its own, and serves
 * jobs, the cluster and workers until it is told to stop or can no longer write.
 */
import { join } from "node:path";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import {
  ClusterServiceService,
  DataServiceService,
  JobServiceService,
  JoinServiceService,
  SecretServiceService,
  type WorkerServiceServer,
  WorkerServiceService,
} from "../../proto/codec/services.js";
import { channelToPlanner } from "../../proto/security/channel.js";
import { serve } from "../../proto/serving.js";
import type { Archive } from "../history/archive.js";
import { Archivist, type HistorySettings, historyDefaults } from "../history/archivist.js";
import { History } from "../history/history.js";
import { openArchive, pastRuns } from "../history/open-archive.js";
import { trimJournal } from "../history/trim.js";
import { type FileSystem, nodeFileSystem } from "../journal/file-system.js";
import { openSegmentedJournal, type SegmentedJournal } from "../journal/segmented-file.js";
import { certificateTrouble } from "../pure/access.js";
import type { ClusterSettings, Recorded } from "../pure/events.js";
import type { KeySource } from "../secrets/keys.js";
import { keepSwept, openBlobs, storeBytesDefault } from "./blobs.js";
import { masterClock } from "./clock.js";
import { clusterService } from "./cluster-service.js";
import { dataService } from "./data-service.js";
import { Engine } from "./engine.js";
import { FailureLogs } from "./failure-logs.js";
import { Forecasts } from "./forecasts.js";
import { jobService } from "./job-service.js";
import { joinService } from "./join-service.js";
import { openLogCache } from "./log-cache.js";
import { LogRelay } from "./logs.js";
import { outletsOf } from "./outlets.js";
import { PlannerClient } from "./planner-client.js";
import { connectPlanner } from "./planner-port.js";
import { type Restored, restore } from "./recovery.js";
import { revealTo } from "./reveal.js";
import { secretService } from "./secret-service.js";
import { openSecrets, type Secrets } from "./secrets.js";
import type { MasterSecurity, SecurityOptions } from "./security.js";
import { openSentContent } from "./sent-content.js";
import { Sessions } from "./sessions.js";
import { keepSnapshots, type Snapshots } from "./snapshots.js";
import { Watches } from "./watches.js";

export interface MasterOptions {
  /** `host:port`, without security loopback only; port 0 for any free one. */
  readonly listen: string;
  readonly dataDirectory: string;
  readonly settings: ClusterSettings;
  readonly heartbeatIntervalMs: number;
  /** null: greedy placement only. */
  readonly plannerAddress: string | null;
  readonly planBudgetMs: number;
  /** Solvers that the planner may use. Absent or empty: all. */
  readonly planSolvers?: readonly string[];
  readonly segmentBytes: number;
  /** Absent: the real one. */
  readonly fileSystem?: FileSystem;
  /** File of the bundled snapshot-thread.ts; absent: no snapshots are taken. */
  readonly snapshotThreadEntry?: string;
  /** Finished jobs, and where they go. Absent: `historyDefaults`. */
  readonly history?: HistorySettings;
  /** Whether segments go that snapshots and archive have made superfluous. Absent: they do. */
  readonly trimJournal?: boolean;
  /** Start although the archive lacks jobs that the journal no longer holds. Absent: do not. */
  readonly acceptLostHistory?: boolean;
  /** File of the bundled archive-thread.ts; absent: the archive is used in this thread. */
  readonly archiveThreadEntry?: string;
  /** Of the copy of logs that went through the master; 0: none. Absent: 64 MiB. */
  readonly logCacheBytes?: number;
  /** Of the store of inputs and outputs. Absent: 64 GiB. */
  readonly storeBytes?: number;
  /** Where that is, if workers and users share it. Absent or null: below `dataDirectory`. */
  readonly sharedDirectory?: string | null;
  /** What secrets are sealed with. Absent or null: keys of the master's own, in `dataDirectory`. */
  readonly secretKeys?: Exclude<KeySource, { kind: "own" }> | null;
  readonly version: string;
  /** Mutual TLS; absent or null: plain text. */
  readonly security?: SecurityOptions | null;
  /** Whether the planner is spoken to with this master's certificate; needs security. */
  readonly plannerTls?: boolean;
  readonly log: Logger;
  /** The journal can no longer be written: the process must end. */
  readonly onFatal: (error: Error) => void;
}

export interface RunningMaster {
  readonly address: string;
  readonly epoch: number;
  stop(): Promise<void>;
}

/** Bytes of one message: a job of a hundred thousand tasks fits, a mistake does not. */
const messageBytesMax = 64 * 1024 * 1024;

const logCacheBytesDefault = 64 * 1024 * 1024;

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
  const { log, settings, heartbeatIntervalMs, onFatal, version } = options;
  const clock = masterClock();
  const startedAtMs = clock.nowMs();
  const { state } = restored;
  const engine = new Engine({ state, journal, log, clock, onFatal });
  const epoch = Math.max(state.epoch, journal.epoch) + 1;
  const began = await engine.execute({ type: "BeginEpoch", epoch, settings }, "master");
  if (!began.ok) throw new Error(began.error.message);

  const secrets = await secretsOf(options, engine);
  const security = await secure(options, engine, () => planner.reconnect());
  const history = new History(state, archive);
  const forecasts = new Forecasts(engine);
  const watches = new Watches(engine, forecasts);
  const logs = new LogRelay();
  const { logCacheBytes = logCacheBytesDefault } = options;
  const logCache = openLogCache(join(options.dataDirectory, "logs"), logCacheBytes);
  const blobs = await openBlobs({
    dataDirectory: options.dataDirectory,
    sharedDirectory: options.sharedDirectory ?? null,
    storeBytes: options.storeBytes ?? storeBytesDefault,
  });
  const shares = (options.sharedDirectory ?? null) !== null;
  const sent = shares ? null : await openSentContent(join(options.dataDirectory, "sent"));
  const received = { blobs, sent };
  const failureLogs = new FailureLogs(state, logs, logCache);
  const reveal = revealTo(secrets, security !== null);
  const sessions = new Sessions({ engine, received, reveal, heartbeatIntervalMs, version, log });
  const { plannerAddress: address, planBudgetMs: budgetMs } = options;
  const channel = plannerChannel(options, engine, security);
  const solvers = options.planSolvers ?? [];
  const planner = new PlannerClient({
    engine,
    clock,
    connect: address === null ? null : () => connectPlanner(address, channel()),
    budgetMs,
    solvers,
    seed: epoch,
    pastRuns: address === null ? [] : await pastRuns(archive, state),
    log,
  });
  const archivist = new Archivist({
    ...{ engine, archive, clock, log },
    settings: options.history ?? historyDefaults,
    isWatched: (job) => watches.isWatched(job),
  });
  const workerService = workerServiceOf(sessions, logs);
  const cluster = clusterService({ engine, planner, version, startedAtMs, security });
  const serving = await serve({
    listen: options.listen,
    messageBytesMax,
    security,
    services: services.map((name) => `almanac.v1.${name}`),
    addServices: (server) => {
      server.addService(
        JobServiceService,
        jobService({ engine, history, forecasts, watches, logs, logCache, blobs }),
      );
      server.addService(DataServiceService, dataService({ engine, history, received }));
      server.addService(ClusterServiceService, cluster);
      server.addService(WorkerServiceService, workerService);
      server.addService(JoinServiceService, joinService({ engine, security }));
      server.addService(SecretServiceService, secretService(engine, secrets));
    },
  }).catch((error: unknown) => {
    security?.stop();
    throw error;
  });
  const outlets = outletsOf(sessions, planner, {
    folded: (events) => {
      watches.remember(events);
      archivist.folded(events);
    },
    happened: (events) => {
      watches.wake();
      failureLogs.happened(events);
      if (!events.some(isBarring)) return;
      serving.recheck();
      if (options.plannerTls === true) planner.reconnect();
    },
  });
  engine.start(outlets);
  planner.start();
  archivist.start();
  const swept = keepSwept({ received, engine, history, log });
  const snapshots = snapshotsOf(options, found);
  log.info({ address: serving.address, epoch, tls: security !== null }, "master ready");
  const stop = async (): Promise<void> => {
    security?.stop();
    swept.stop();
    await secrets.stop();
    planner.stop();
    sessions.closeAll();
    await serving.stop();
    await snapshots?.stop();
    await archivist.stop();
    await engine.stop();
    await logCache.idle();
    // Only saves the next start some reading.
    await archive.setCursor(journal.tail).catch(() => undefined);
    await archive.close(null);
    await journal.close();
  };
  return { address: serving.address, epoch, stop };
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

const services = [
  "JobService",
  "DataService",
  "ClusterService",
  "WorkerService",
  "JoinService",
  "SecretService",
];

const workerServiceOf = (sessions: Sessions, logs: LogRelay): WorkerServiceServer => ({
  session: (stream) => sessions.accept(stream),
  logs: (stream) => logs.accept(stream),
});

const secretsOf = (options: MasterOptions, engine: Engine): Promise<Secrets> => {
  const { dataDirectory, secretKeys: keys = null, log } = options;
  return openSecrets({ engine, dataDirectory, keys, log });
};

const isBarring = ({ event }: Recorded): boolean => event.type === "CertificateBarred";

async function secure(
  options: MasterOptions,
  engine: Engine,
  onRenewed: () => void,
): Promise<MasterSecurity | null> {
  const { security, listen, dataDirectory, log } = options;
  if (security === undefined || security === null) return null;
  // Loaded only here: the library behind it is large, and plain text needs none of it.
  const { secureMaster } = await import("./security.js");
  return secureMaster({ ...security, engine, listen, dataDirectory, log, onRenewed });
}

/** With this master's certificate, to a planner whose certificate it knows; else plain text. */
function plannerChannel(
  { plannerTls }: MasterOptions,
  engine: Engine,
  security: MasterSecurity | null,
): () => ChannelCredentials {
  if (plannerTls !== true) return () => credentials.createInsecure();
  if (security === null) throw new Error("a planner with TLS needs a master with TLS");
  return () =>
    channelToPlanner(
      security.keys(),
      (identity, serial) =>
        certificateTrouble(engine.state, identity, serial, engine.nowMs) === null,
    );
}
