/**
 * The planning service: a process of its own beside the master, which can do without it. It holds
 * nothing that could not be told again.
 */
import { constants, setPriority } from "node:os";
import type { ServiceError } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { fail } from "../core/result.js";
import { toServiceError } from "../proto/codec/errors.js";
import {
  decodeEstimateRequest,
  decodeHistoryRequest,
  encodeEstimateResponse,
  encodeHistoryAnswer,
} from "../proto/codec/prediction.js";
import { type PlannerServiceServer, PlannerServiceService } from "../proto/codec/services.js";
import type { Credentials } from "../proto/security/credentials.js";
import type { Admit } from "../proto/security/guard.js";
import { RenewableServerCredentials } from "../proto/security/server-credentials.js";
import { serve } from "../proto/serving.js";
import { createHistory, estimateOf, takeRecords } from "./service/history.js";
import { handlePlan, type PlannerLimits, type PlanningDesk } from "./service/plan-call.js";
import { ThreadPool } from "./thread-pool.js";

export interface PlannerOptions {
  /** `host:port`, without membership loopback only; port 0 for any free one. */
  readonly listen: string;
  /** Solver threads of one plan. */
  readonly threads: number;
  /** File of the bundled planner/solver-thread.ts. */
  readonly solverThreadEntry: string;
  readonly log: Logger;
  readonly limits?: Partial<PlannerLimits & { readonly messageBytesMax: number }>;
  /** Priority of the whole process, 0 (normal) to 19 (lowest); absent: left as it is. */
  readonly nice?: number;
  /** As a member of a cluster it serves its master and nobody else; absent: in plain text. */
  readonly credentials?: Credentials | null;
}

export interface Planner {
  readonly address: string;
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
  const { credentials: held = null } = options;
  const credentials = held === null ? null : new RenewableServerCredentials(held);
  const serving = await serve({
    listen: options.listen,
    security: credentials === null ? null : { credentials, admit: onlyMaster },
    services: ["almanac.v1.PlannerService"],
    addServices: (server) => server.addService(PlannerServiceService, service(desk)),
    messageBytesMax: limits.messageBytesMax,
  }).catch(async (error: unknown) => {
    await desk.pool.close();
    throw error;
  });
  log.info({ address: serving.address, threads }, "planner serves");
  return {
    address: serving.address,
    renew: (renewed) => credentials?.renew(renewed),
    stop: async () => {
      for (const abort of desk.open) abort.abort();
      await serving.stop();
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

function service(desk: PlanningDesk): PlannerServiceServer {
  const history = createHistory();
  return {
    plan: (call) => handlePlan(desk, call),
    estimate: (call, callback) => {
      const subjects = decodeEstimateRequest(call.request);
      if (!subjects.ok) return callback(toServiceError(subjects.error));
      const estimates = subjects.value.map((subject) => estimateOf(history, subject));
      callback(null, encodeEstimateResponse(estimates));
    },
    history: (call, callback) => {
      const records = decodeHistoryRequest(call.request);
      if (!records.ok) return callback(toServiceError(records.error));
      const sequence = takeRecords(history, records.value);
      callback(null, encodeHistoryAnswer({ sequence, revised: [], proposal: null }));
    },
    listModels: unserved,
    trainModel: unserved,
    evaluateModel: unserved,
    importModel: unserved,
  };
}

const unserved = (_call: unknown, callback: (error: ServiceError) => void): void =>
  callback(toServiceError(fail("failed_precondition", "this planner has no predictor").error));

/** Planning is background work: it must not take the processor from master or workers. */
function lowerPriority(nice: number, log: Logger): void {
  try {
    setPriority(Math.max(0, Math.min(constants.priority.PRIORITY_LOW, nice)));
  } catch (error) {
    log.warn({ error }, "the priority of the planner could not be lowered");
  }
}
