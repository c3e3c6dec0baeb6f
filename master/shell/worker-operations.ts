/** ClusterService: what operators do to workers. From the wire to commands, and back to a view. */
import type { WorkerId } from "../../core/ids.js";
import { fail, ok, type Result } from "../../core/result.js";
import { encodeWorkerView } from "../../proto/codec/cluster.js";
import {
  decodeDrainOrder,
  decodeMaintenanceOrder,
  decodeWorkerName,
  encodeDrainForecast,
} from "../../proto/codec/operations.js";
import type {
  ClusterServiceServer,
  DrainResponse,
  WorkerViewWire,
} from "../../proto/codec/services.js";
import type { Command } from "../pure/commands.js";
import { forecastDrain } from "../pure/drain-forecast.js";
import { workerView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import { unary } from "./unary.js";

type Operations = Pick<
  ClusterServiceServer,
  | "cordon"
  | "uncordon"
  | "drain"
  | "undrain"
  | "liftQuarantine"
  | "scheduleMaintenance"
  | "removeMaintenance"
>;

interface Answer {
  readonly worker: WorkerViewWire | undefined;
}

export function workerOperations(engine: Engine): Operations {
  const view = (id: WorkerId): WorkerViewWire | undefined => {
    const worker = engine.state.workers.get(id);
    if (worker === undefined) return undefined;
    const [heardAtMs, heartbeat] = [engine.lastHeard.get(id), engine.heartbeats.get(id)];
    return encodeWorkerView(workerView(worker, heardAtMs ?? null, heartbeat ?? null));
  };
  const obey = async (command: Command & { worker: WorkerId }, who: string) => {
    const reply = await engine.execute(command, who);
    return reply.ok ? ok({ worker: view(command.worker) }) : reply;
  };
  /** A command that says no more than which worker. */
  const simple = (type: "Cordon" | "Uncordon" | "Undrain" | "LiftQuarantine") =>
    unary(async ({ worker }: { worker: string }, principal): Promise<Result<Answer>> => {
      const id = decodeWorkerName(worker);
      return id.ok ? obey({ type, worker: id.value }, principal) : id;
    });
  return {
    cordon: simple("Cordon"),
    uncordon: simple("Uncordon"),
    undrain: simple("Undrain"),
    liftQuarantine: simple("LiftQuarantine"),
    drain: unary(async (request, principal): Promise<Result<DrainResponse>> => {
      const order = decodeDrainOrder(request);
      if (!order.ok) return order;
      const { dryRun, ...drain } = order.value;
      const worker = engine.state.workers.get(drain.worker);
      if (worker === undefined) return fail("not_found", `no worker ${drain.worker}`);
      const foreseen = forecastDrain(engine.state, worker, drain, engine.nowMs);
      const forecast = encodeDrainForecast(foreseen);
      if (dryRun) return ok({ worker: view(drain.worker), forecast });
      const reply = await obey({ type: "Drain", ...drain }, principal);
      return reply.ok ? ok({ ...reply.value, forecast }) : reply;
    }),
    scheduleMaintenance: unary(async (request, principal): Promise<Result<Answer>> => {
      const order = decodeMaintenanceOrder(request);
      if (!order.ok) return order;
      return obey({ type: "ScheduleMaintenance", ...order.value }, principal);
    }),
    removeMaintenance: unary(async ({ worker, windowId }, principal): Promise<Result<Answer>> => {
      const id = decodeWorkerName(worker);
      if (!id.ok) return id;
      return obey({ type: "RemoveMaintenance", worker: id.value, window: windowId }, principal);
    }),
  };
}
