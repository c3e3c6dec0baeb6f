/**
 * The planning service: a process of its own beside the master, which can do without it. It holds
 * nothing that could not be told again, or trained again from what is told.
 */
import { constants, setPriority } from "node:os";
import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { BoostSettings } from "../models/pure/boost.js";
import { fromServiceError, toServiceError } from "../proto/codec/errors.js";
import {
  PlannerServiceOfBytes,
  type PredictorMethod,
  predictorMethods,
} from "../proto/codec/predictor-calls.js";
import type { PlannerServiceServer } from "../proto/codec/services.js";
import type { Credentials } from "../proto/security/credentials.js";
import type { Admit } from "../proto/security/guard.js";
import { RenewableServerCredentials } from "../proto/security/server-credentials.js";
import { serve } from "../proto/serving.js";
import { openModelsDirectory } from "./service/models-directory.js";
import { handlePlan, type PlannerLimits, type PlanningDesk } from "./service/plan-call.js";
import { createPredictorDesk, type PredictorDesk } from "./service/predictor-desk.js";
import { ThreadPool } from "./thread-pool.js";

export interface PlannerOptions {
  /** `host:port`, without membership loopback only; port 0 for any free one. */
  readonly listen: string;
  /** Solver threads of one plan. */
  readonly threads: number;
  /** File of the bundled planner/solver-thread.ts. */
  readonly solverThreadEntry: string;
  /** null: statistics alone, and no models. */
  readonly predictor: PredictorOptions | null;
  readonly log: Logger;
  readonly limits?: Partial<PlannerLimits & { readonly messageBytesMax: number }>;
  /** Priority of the whole process, 0 (normal) to 19 (lowest); absent: left as it is. */
  readonly nice?: number;
  /** As a member of a cluster it serves its master and nobody else; absent: in plain text. */
  readonly credentials?: Credentials | null;
}

export interface PredictorOptions {
  /** Files of the bundled `planner/predictor/main`, `models/train-thread`, `models/validate/main`. */
  readonly entry: string;
  readonly trainEntry: string;
  readonly validateEntry: string;
  /** Folder of the model that is shipped; null: none. */
  readonly starter: string | null;
  /** Versions of models are kept in its `models`; null: as long as the planner runs. */
  readonly dataDirectory: string | null;
  /** Absent: as it is shipped. */
  readonly training?: BoostSettings;
  /** How long it may be silent, and how soon it is replaced; absent: as it is shipped. */
  readonly silentMsMax?: number;
  readonly pauseMs?: number;
}

export interface Planner {
  readonly address: string;
  /** Of the predictor's process; null while there is none. */
  predictorPid(): number | null;
  /** For connections from now on. */
  renew(credentials: Credentials): void;
  stop(): Promise<void>;
}

export const plannerLimits = {
  concurrentPlans: 4,
  tasksMax: 100_000,
  workersMax: 20_000,
  problemBytesMax: 256 * 1024 * 1024,
  wallMsMax: 600_000,
  receiveMsMax: 30_000,
  messageBytesMax: 64 * 1024 * 1024,
} as const;
const threadMemoryMiBMax = 1_024;
/** The engine for small problems has a thread of its own beside the others. */
const enginesBeside = 1;

export async function startPlanner(options: PlannerOptions): Promise<Planner> {
  const { log, threads, solverThreadEntry } = options;
  const limits = { ...plannerLimits, ...options.limits };
  if (options.nice !== undefined) lowerPriority(options.nice, log);
  const desk: PlanningDesk = {
    pool: new ThreadPool({
      entry: solverThreadEntry,
      idleMax: threads + enginesBeside,
      memoryMiBMax: threadMemoryMiBMax,
    }),
    threads,
    limits,
    log,
    open: new Set(),
  };
  const models = options.predictor === null ? null : await modelsOf(options.predictor, log);
  const predictor = createPredictorDesk(models?.options ?? null);
  const { credentials: held = null } = options;
  const credentials = held === null ? null : new RenewableServerCredentials(held);
  const serving = await serve({
    listen: options.listen,
    security: credentials === null ? null : { credentials, admit: onlyMaster },
    services: ["almanac.v1.PlannerService"],
    addServices: (server) => server.addService(PlannerServiceOfBytes, service(desk, predictor)),
    messageBytesMax: limits.messageBytesMax,
  }).catch(async (error: unknown) => {
    await predictor.stop();
    await models?.release();
    await desk.pool.close();
    throw error;
  });
  log.info({ address: serving.address, threads }, "planner serves");
  return {
    address: serving.address,
    predictorPid: predictor.pid,
    renew: (renewed) => credentials?.renew(renewed),
    stop: async () => {
      for (const abort of desk.open) abort.abort();
      await serving.stop();
      await predictor.stop();
      await models?.release();
      await desk.pool.close();
    },
  };
}

/** The authority certifies workers and people as well: none of them is served. */
const onlyMaster: Admit = (_path, peer) =>
  peer?.identity.role === "master"
    ? null
    : {
        code: "permission_denied",
        message: "a planner answers its own cluster's master alone",
        violations: [],
      };

/** What `PredictorProcess` needs, and how to let go of the directory. */
async function modelsOf(options: PredictorOptions, log: Logger) {
  const { entry, dataDirectory, silentMsMax, pauseMs, ...files } = options;
  const { directory, release } = await openModelsDirectory(dataDirectory, log);
  const patience = {
    ...(silentMsMax === undefined ? {} : { silentMsMax }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  };
  return { options: { entry, settings: { ...files, directory }, log, ...patience }, release };
}

function service(desk: PlanningDesk, predictor: PredictorDesk): UntypedServiceImplementation {
  const plan: PlannerServiceServer["plan"] = (call) => handlePlan(desk, call);
  return {
    plan,
    ...Object.fromEntries(predictorMethods.map((method) => [method, passOn(predictor, method)])),
  };
}

const passOn =
  (predictor: PredictorDesk, method: PredictorMethod): handleUnaryCall<Buffer, Uint8Array> =>
  (call, callback) => {
    predictor.call(method, call.request).then(
      (result) =>
        result.ok ? callback(null, result.value) : callback(toServiceError(result.error)),
      (error: unknown) => callback(toServiceError(fromServiceError(error))),
    );
  };

/** Planning is background work: it must not take the processor from master or workers. */
function lowerPriority(nice: number, log: Logger): void {
  try {
    setPriority(Math.max(0, Math.min(constants.priority.PRIORITY_LOW, nice)));
  } catch (error) {
    log.warn({ error }, "the priority of the planner could not be lowered");
  }
}
