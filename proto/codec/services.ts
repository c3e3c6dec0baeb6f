/**
 * The gRPC services, so that no house imports generated code: definitions for servers, clients for
 * callers, and the request and reply messages that the shells hand to the codec.
 */
export type {
  ClusterServiceServer,
  DrainResponse,
  GetStatusRequest,
  GetStatusResponse,
  ListWorkersRequest,
  ListWorkersResponse,
  WorkerView as WorkerViewWire,
} from "../gen/almanac/v1/cluster.js";
export { ClusterServiceClient, ClusterServiceService } from "../gen/almanac/v1/cluster.js";
export type {
  DataServiceServer,
  FetchRequest as FetchRequestWire,
  FetchResponse as FetchResponseWire,
  PutRequest as PutRequestWire,
  PutResponse as PutResponseWire,
} from "../gen/almanac/v1/data.js";
export { DataServiceClient, DataServiceService } from "../gen/almanac/v1/data.js";
export type {
  AmendRequest,
  AmendResponse,
  CancelRequest,
  CancelResponse,
  GetPlanRequest,
  GetPlanResponse,
  GetRequest,
  GetResponse,
  JobServiceServer,
  ListRequest,
  ListResponse,
  LogsRequest,
  LogsResponse,
  PauseResponse,
  ResolveRequest,
  ResolveResponse,
  ResumeResponse,
  RetryRequest,
  RetryResponse,
  SubmitBatchRequest,
  SubmitBatchResponse,
  SubmitOutcome,
  SubmitRequest,
  SubmitResponse,
  WaitRequest,
  WaitResponse,
  WatchRequest,
  WatchResponse,
} from "../gen/almanac/v1/job.js";
export { JobServiceClient, JobServiceService } from "../gen/almanac/v1/job.js";
export type {
  Certificate as CertificateWire,
  EnrollRequest,
  EnrollResponse,
  JoinServiceServer,
  RenewRequest,
  RenewResponse,
} from "../gen/almanac/v1/join.js";
export { JoinServiceClient, JoinServiceService } from "../gen/almanac/v1/join.js";
export type {
  GetCalibrationRequest,
  GetCalibrationResponse,
  ModelServiceServer,
  PromoteModelRequest,
  PromoteModelResponse,
} from "../gen/almanac/v1/model.js";
export { ModelServiceClient, ModelServiceService } from "../gen/almanac/v1/model.js";
export type {
  ColumnChunk as ColumnChunkWire,
  EstimateRequest,
  EstimateResponse,
  EvaluateModelRequest,
  EvaluateModelResponse,
  HistoryRequest,
  HistoryResponse,
  ImportModelRequest,
  ImportModelResponse,
  ListModelsRequest,
  ListModelsResponse,
  PlannerServiceServer,
  PlanReply,
  PlanRequest,
  TrainModelRequest,
  TrainModelResponse,
} from "../gen/almanac/v1/planner.js";
export { PlannerServiceClient, PlannerServiceService } from "../gen/almanac/v1/planner.js";
export type {
  RotateSecretKeyResponse,
  SecretServiceServer,
} from "../gen/almanac/v1/secret.js";
export { SecretServiceClient, SecretServiceService } from "../gen/almanac/v1/secret.js";
export type {
  LogPull as LogPullWire,
  LogPush as LogPushWire,
  MasterMessage as MasterMessageWire,
  WorkerMessage as WorkerMessageWire,
  WorkerServiceServer,
} from "../gen/almanac/v1/worker.js";
export { WorkerServiceClient, WorkerServiceService } from "../gen/almanac/v1/worker.js";
