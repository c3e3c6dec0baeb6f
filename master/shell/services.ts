/** The services of a master, on one port. */
import {
  ClusterServiceService,
  DataServiceService,
  JobServiceService,
  JoinServiceService,
  ModelServiceService,
  SecretServiceService,
  type WorkerServiceServer,
  WorkerServiceService,
} from "../../proto/codec/services.js";
import { type Serving, serve } from "../../proto/serving.js";
import { clusterService } from "./cluster-service.js";
import { dataService } from "./data-service.js";
import { jobService } from "./job-service.js";
import { joinService } from "./join-service.js";
import type { MasterOptions } from "./master-options.js";
import { modelService } from "./model-service.js";
import type { Leader, Parts } from "./parts.js";
import { secretService } from "./secret-service.js";

/** Bytes of one message: a job of a hundred thousand tasks fits, a mistake does not. */
const messageBytesMax = 64 * 1024 * 1024;

const services = [
  "JobService",
  "DataService",
  "ClusterService",
  "WorkerService",
  "JoinService",
  "ModelService",
  "SecretService",
];

/** Rejects where the address cannot be listened at. */
export async function serveParts(
  { listen, version }: MasterOptions,
  { engine, clock }: Leader,
  parts: Parts,
): Promise<Serving> {
  const { security, sessions, planner, logs, history, received, secrets } = parts;
  const { forecasts, watches, logCache } = parts;
  const { blobs } = received;
  const jobs = jobService({
    ...{ engine, clock, history, forecasts, watches, logs, logCache, blobs, planner },
  });
  const startedAtMs = clock.nowMs();
  const cluster = clusterService({ engine, planner, version, startedAtMs, security });
  const workers: WorkerServiceServer = {
    session: (stream) => sessions.accept(stream),
    logs: (stream) => logs.accept(stream),
  };
  return serve({
    listen,
    messageBytesMax,
    security,
    services: services.map((name) => `almanac.v1.${name}`),
    addServices: (server) => {
      server.addService(JobServiceService, jobs);
      server.addService(DataServiceService, dataService({ engine, history, received }));
      server.addService(ClusterServiceService, cluster);
      server.addService(WorkerServiceService, workers);
      server.addService(JoinServiceService, joinService({ engine, security }));
      server.addService(ModelServiceService, modelService({ engine, planner }));
      server.addService(SecretServiceService, secretService(engine, secrets));
    },
  });
}
