/** What a master is made of once it leads, each part wired to those it needs; nothing runs yet. */
import { join } from "node:path";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import type { Clock } from "../../core/clock.js";
import { channelToPlanner } from "../../proto/security/channel.js";
import type { Archive } from "../history/archive.js";
import { Archivist, historyDefaults } from "../history/archivist.js";
import { History } from "../history/history.js";
import { pastRecords } from "../history/past-records.js";
import { certificateTrouble } from "../pure/access.js";
import { openBlobs, storeBytesDefault } from "./blobs.js";
import type { Engine } from "./engine.js";
import { FailureLogs } from "./failure-logs.js";
import { RolledFinishes } from "./finishes.js";
import { Forecasts } from "./forecasts.js";
import { openLogCache } from "./log-cache.js";
import { LogRelay } from "./logs.js";
import type { MasterOptions } from "./master-options.js";
import { PlannerClient } from "./planner-client.js";
import { connectPlanner } from "./planner-port.js";
import { revealTo } from "./reveal.js";
import { openSecrets } from "./secrets.js";
import type { MasterSecurity } from "./security.js";
import { openSentContent } from "./sent-content.js";
import { Sessions } from "./sessions.js";
import { Watches } from "./watches.js";

/** A master that has begun its epoch. */
export interface Leader {
  readonly engine: Engine;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly epoch: number;
}

export type Parts = Awaited<ReturnType<typeof assemble>>;

const logCacheBytesDefault = 64 * 1024 * 1024;

export async function assemble(options: MasterOptions, leader: Leader) {
  const { engine, archive, clock } = leader;
  const { state } = engine;
  const { dataDirectory, heartbeatIntervalMs, version, log } = options;
  const { secretKeys = null, logCacheBytes = logCacheBytesDefault } = options;
  const secrets = await openSecrets({ engine, dataDirectory, keys: secretKeys, log });
  const security = await secure(options, engine, () => planner.reconnect());
  const history = new History(state, archive);
  const finishes = new RolledFinishes({ engine, clock });
  const forecasts = new Forecasts(engine, finishes);
  const watches = new Watches(engine, forecasts);
  const logs = new LogRelay();
  const logCache = openLogCache(join(dataDirectory, "logs"), logCacheBytes);
  const failureLogs = new FailureLogs(state, logs, logCache);
  const received = await contentOf(options);
  const reveal = revealTo(secrets, security !== null);
  const sessions = new Sessions({ engine, received, reveal, heartbeatIntervalMs, version, log });
  const planner = await plannerOf(options, leader, security);
  const archivist = new Archivist({
    ...{ engine, archive, clock, log },
    settings: options.history ?? historyDefaults,
    isWatched: (job) => watches.isWatched(job),
  });
  const told = { forecasts, finishes, watches, logs, logCache, failureLogs };
  return { secrets, security, history, received, sessions, planner, archivist, ...told };
}

/** What was received of users and workers, and what other masters' stores were sent. */
async function contentOf({ dataDirectory, sharedDirectory = null, storeBytes }: MasterOptions) {
  const blobs = await openBlobs({
    dataDirectory,
    sharedDirectory,
    storeBytes: storeBytes ?? storeBytesDefault,
  });
  const sent = sharedDirectory === null ? await openSentContent(join(dataDirectory, "sent")) : null;
  return { blobs, sent };
}

async function plannerOf(
  options: MasterOptions,
  { engine, archive, clock, epoch }: Leader,
  security: MasterSecurity | null,
): Promise<PlannerClient> {
  const { plannerAddress: address, planBudgetMs: budgetMs, planSolvers: solvers = [] } = options;
  const channel = plannerChannel(options, engine, security);
  return new PlannerClient({
    ...{ engine, clock, budgetMs, solvers, seed: epoch, log: options.log },
    connect: address === null ? null : () => connectPlanner(address, channel()),
    past: () => (address === null ? Promise.resolve([]) : pastRecords(archive)),
  });
}

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
