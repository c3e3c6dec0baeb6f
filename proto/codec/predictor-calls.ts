/**
 * The planner's service with the predictor's calls left as bytes: whoever answers for them decodes
 * them, and the planner's own event loop never does.
 */
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { PlannerServiceService } from "../gen/almanac/v1/planner.js";

export const predictorMethods = [
  "estimate",
  "history",
  "listModels",
  "trainModel",
  "evaluateModel",
  "importModel",
] as const;
export type PredictorMethod = (typeof predictorMethods)[number];

type BytesMethod = MethodDefinition<Buffer, Buffer>;

type Named = Pick<BytesMethod, "path" | "requestStream" | "responseStream">;

const asBytes = ({ path, requestStream, responseStream }: Named): BytesMethod => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
});

export const PlannerServiceOfBytes = {
  ...PlannerServiceService,
  estimate: asBytes(PlannerServiceService.estimate),
  history: asBytes(PlannerServiceService.history),
  listModels: asBytes(PlannerServiceService.listModels),
  trainModel: asBytes(PlannerServiceService.trainModel),
  evaluateModel: asBytes(PlannerServiceService.evaluateModel),
  importModel: asBytes(PlannerServiceService.importModel),
} satisfies ServiceDefinition;
