/** ClusterService: the workers and the master's own condition. */
import { ok } from "../../core/result.js";
import type { ClusterStatus } from "../../core/views.js";
import { encodeClusterStatus, encodeWorkerViews } from "../../proto/codec/cluster.js";
import type { ClusterServiceServer } from "../../proto/codec/services.js";
import { stateHash } from "../pure/hash.js";
import { workerView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import type { PlannerClient } from "./planner-client.js";
import { unary } from "./unary.js";
import { workerOperations } from "./worker-operations.js";

export interface ClusterServiceOptions {
  readonly engine: Engine;
  readonly planner: PlannerClient;
  readonly version: string;
  readonly startedAtMs: number;
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
  };
}
