/** What of a planner's service the master uses, and the connection to a real one. */
import { type ChannelCredentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { AlmanacError } from "../../core/result.js";
import { fromServiceError } from "../../proto/codec/errors.js";
import {
  type EstimateRequest,
  type EstimateResponse,
  type EvaluateModelRequest,
  type EvaluateModelResponse,
  type HistoryRequest,
  type HistoryResponse,
  type ImportModelRequest,
  type ImportModelResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  PlannerServiceClient,
  type PlanReply,
  type PlanRequest,
  type TrainModelRequest,
  type TrainModelResponse,
} from "../../proto/codec/services.js";
import { tlsClientOptions } from "../../proto/security/channel.js";

export interface PlanStream {
  on(event: "data", listener: (reply: PlanReply) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  write(request: PlanRequest): unknown;
  end(): unknown;
  cancel(): void;
}

export interface PlannerFailure {
  /** It took the call and did not answer in time. */
  readonly hung: boolean;
  readonly message: string;
  /** What it said, or what the connection says. */
  readonly error: AlmanacError;
}

/** One of the two is there. */
export type Answered<Reply> = (failure: PlannerFailure | null, reply: Reply | null) => void;

/** One call: answered once, within the time given or with a failure. */
export type Ask<Request, Reply> = (
  request: Request,
  withinMs: number,
  done: Answered<Reply>,
) => void;

export interface PlannerPort {
  plan(): PlanStream;
  readonly estimate: Ask<EstimateRequest, EstimateResponse>;
  readonly history: Ask<HistoryRequest, HistoryResponse>;
  readonly listModels: Ask<ListModelsRequest, ListModelsResponse>;
  readonly trainModel: Ask<TrainModelRequest, TrainModelResponse>;
  readonly evaluateModel: Ask<EvaluateModelRequest, EvaluateModelResponse>;
  readonly importModel: Ask<ImportModelRequest, ImportModelResponse>;
  close(): void;
}

const messageBytesMax = 64 * 1024 * 1024;

export function connectPlanner(address: string, channel: ChannelCredentials): PlannerPort {
  const client = new PlannerServiceClient(address, channel, {
    ...tlsClientOptions,
    // A channel of its own: one shared inside the library would keep the certificates of before.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1_000,
  });
  return {
    plan: () => client.plan(),
    estimate: asking(client.estimate.bind(client)),
    history: asking(client.history.bind(client)),
    listModels: asking(client.listModels.bind(client)),
    trainModel: asking(client.trainModel.bind(client)),
    evaluateModel: asking(client.evaluateModel.bind(client)),
    importModel: asking(client.importModel.bind(client)),
    close: () => client.close(),
  };
}

type Unary<Request, Reply> = (
  request: Request,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, reply: Reply) => void,
) => unknown;

function asking<Request, Reply>(method: Unary<Request, Reply>): Ask<Request, Reply> {
  return (request, withinMs, done) => {
    method(request, new Metadata(), { deadline: Date.now() + withinMs }, (error, reply) => {
      if (error === null) done(null, reply);
      else done(failureOf(error), null);
    });
  };
}

const failureOf = (error: ServiceError): PlannerFailure => ({
  hung: error.code === status.DEADLINE_EXCEEDED,
  message: error.message,
  error: fromServiceError(error),
});
