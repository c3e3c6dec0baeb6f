/** A master's side of one plan over real gRPC, reduced to what a test looks at. */
import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import type { PlanIncumbent, PlanOrder, PlanSummary, PlanUpdate } from "../../core/planning.js";
import type { Problem } from "../../core/problem.js";
import type { AlmanacError } from "../../core/result.js";
import { fromServiceError } from "../../proto/codec/errors.js";
import { decodePlanUpdate, encodePlanCancel, encodePlanRequests } from "../../proto/codec/plan.js";
import {
  PlannerServiceClient,
  type PlanReply,
  type PlanRequest,
} from "../../proto/codec/services.js";

export interface PlanOutcome {
  readonly updates: readonly PlanUpdate[];
  readonly incumbents: readonly PlanIncumbent[];
  readonly summary: PlanSummary | null;
  readonly error: AlmanacError | null;
  readonly wallMs: number;
}

export interface PlanHandle {
  readonly stream: ClientDuplexStream<PlanRequest, PlanReply>;
  readonly outcome: Promise<PlanOutcome>;
  cancel(): void;
}

export const connect = (address: string): PlannerServiceClient =>
  new PlannerServiceClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
  });

export function orderOf(
  budget: { readonly workUnits?: number; readonly wallMs?: number },
  solvers: readonly string[] = [],
  seed = 1,
): PlanOrder {
  const { workUnits = 0, wallMs = 10_000 } = budget;
  return { planId: "test", budget: { workUnits, wallMs }, seed, solvers };
}

/** Sends the requests as they are and gathers what comes back. */
export function sendPlan(
  client: PlannerServiceClient,
  requests: Iterable<PlanRequest>,
  tasks: number,
  onUpdate: (update: PlanUpdate, handle: PlanHandle) => void = () => {},
): PlanHandle {
  const startedAtMs = performance.now();
  const stream = client.plan();
  const updates: PlanUpdate[] = [];
  let error: AlmanacError | null = null;
  const outcome = new Promise<PlanOutcome>((resolve) => {
    const settle = (): void =>
      resolve({
        updates,
        incumbents: updates.flatMap((update) =>
          update.kind === "incumbent" ? [update.incumbent] : [],
        ),
        summary:
          updates.flatMap((update) => (update.kind === "finished" ? [update.summary] : []))[0] ??
          null,
        error,
        wallMs: performance.now() - startedAtMs,
      });
    stream.on("data", (reply: PlanReply) => {
      const update = decodePlanUpdate(reply, tasks);
      if (!update.ok) throw new Error(update.error.message);
      updates.push(update.value);
      onUpdate(update.value, handle);
    });
    stream.on("error", (thrown) => {
      error = fromServiceError(thrown);
      settle();
    });
    stream.on("end", settle);
  });
  const handle: PlanHandle = {
    stream,
    outcome,
    cancel: () => stream.write(encodePlanCancel()),
  };
  for (const request of requests) stream.write(request);
  return handle;
}

export const requestPlan = (
  client: PlannerServiceClient,
  problem: Problem,
  order: PlanOrder,
  onUpdate?: (update: PlanUpdate, handle: PlanHandle) => void,
): PlanHandle =>
  sendPlan(client, encodePlanRequests(order, problem), problem.tasks.count, onUpdate);
