/** ClusterService: the workers, the master's own condition, and who may join. */
import { fail, ok } from "../../core/result.js";
import type { ClusterStatus } from "../../core/views.js";
import {
  decodeRevokeOrder,
  decodeTokenOrder,
  encodeNewToken,
  encodeTokenViews,
} from "../../proto/codec/access.js";
import { encodeClusterStatus, encodeWorkerViews } from "../../proto/codec/cluster.js";
import type { ClusterServiceServer } from "../../proto/codec/services.js";
import { tokenView } from "../pure/access.js";
import { stateHash } from "../pure/hash.js";
import { poolViews } from "../pure/pool-room.js";
import { workerView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import { createToken } from "./join-service.js";
import type { PlannerClient } from "./planner-client.js";
import type { MasterSecurity } from "./security.js";
import { unary } from "./unary.js";
import { workerOperations } from "./worker-operations.js";

export interface ClusterServiceOptions {
  readonly engine: Engine;
  readonly planner: PlannerClient;
  readonly version: string;
  readonly startedAtMs: number;
  /** null: it serves in plain text. */
  readonly security: MasterSecurity | null;
}

export function clusterService(options: ClusterServiceOptions): ClusterServiceServer {
  const { engine } = options;
  return {
    listWorkers: unary(async () =>
      engine.read((state) =>
        ok(
          encodeWorkerViews(
            [...state.workers.values()].map((worker) =>
              workerView(
                worker,
                engine.lastHeard.get(worker.id) ?? null,
                engine.heartbeats.get(worker.id) ?? null,
              ),
            ),
          ),
        ),
      ),
    ),
    ...workerOperations(engine),
    getStatus: unary(async () => engine.read(() => ok(encodeClusterStatus(status(options))))),
    createToken: unary(async (request, principal) => {
      const order = decodeTokenOrder(request);
      if (!order.ok) return order;
      const token = await createToken(engine, options.security, order.value, principal);
      return token.ok ? ok(encodeNewToken(token.value)) : token;
    }),
    listTokens: unary(async () =>
      engine.read(({ access }) =>
        ok(
          encodeTokenViews([...access.tokens.values()].map((one) => tokenView(one, engine.nowMs))),
        ),
      ),
    ),
    revokeAccess: unary(async (request, principal) => {
      const order = decodeRevokeOrder(request);
      if (!order.ok) return order;
      const reply = await engine.execute({ type: "RevokeAccess", ...order.value }, principal);
      if (!reply.ok) return reply;
      if (reply.value.kind !== "revoke") return fail("internal", "unexpected reply");
      const { tokensRevoked, certificatesBarred } = reply.value;
      return ok({ tokensRevoked, certificatesBarred });
    }),
  };
}

function status({ engine, planner, version, startedAtMs }: ClusterServiceOptions): ClusterStatus {
  const { state } = engine;
  const connected = planner.status.state === "connected";
  const workers = [...state.workers.values()].filter((worker) => worker.state === "connected");
  return {
    health: connected ? "serving" : "degraded",
    message: connected ? "" : `planner ${planner.status.state}: ${planner.status.message}`,
    epoch: state.epoch,
    sequence: state.seq,
    durability: "full",
    planner: planner.status,
    jobsRunning: state.index.openJobs.size,
    tasksLive: state.index.live.size,
    workersConnected: workers.length,
    version,
    startedAtMs,
    stateHash: stateHash(state.hash),
    pools: poolViews(state),
  };
}
