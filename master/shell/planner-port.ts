/** What of a planner's service the master uses, and the connection to a real one. */
import { type ChannelCredentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  type EstimateRequest,
  type HistoryRequest,
  type HistoryResponse,
  PlannerServiceClient,
  type PlanReply,
  type PlanRequest,
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
}

export interface PlannerPort {
  plan(): PlanStream;
  estimate(
    request: EstimateRequest,
    withinMs: number,
    done: (failure: PlannerFailure | null) => void,
  ): void;
  history(
    request: HistoryRequest,
    withinMs: number,
    done: (reply: HistoryResponse | null) => void,
  ): void;
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
  const by = (withinMs: number) => ({ deadline: Date.now() + withinMs });
  return {
    plan: () => client.plan(),
    estimate(request, withinMs, done) {
      client.estimate(request, new Metadata(), by(withinMs), (error) =>
        done(error === null ? null : failureOf(error)),
      );
    },
    history(request, withinMs, done) {
      client.history(request, new Metadata(), by(withinMs), (error, reply) =>
        done(error === null ? reply : null),
      );
    },
    close: () => client.close(),
  };
}

const failureOf = ({ code, message }: ServiceError): PlannerFailure => ({
  hung: code === status.DEADLINE_EXCEEDED,
  message,
});
