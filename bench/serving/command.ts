/**
 * `bench serving`: what estimates cost where they are served. A planner as it ships is told a
 * history, trains on it and is made to serve its model; then a thousand estimates are asked for in
 * one call, again and again, while the delay of the planner's event loop is watched.
 */
import { readFileSync } from "node:fs";
import { Command } from "@commander-js/extra-typings";
import { credentials } from "@grpc/grpc-js";
import type { HistoryAnswer, HistoryRecord } from "../../core/prediction.js";
import { boostDefaults } from "../../models/pure/boost.js";
import { trainInThread } from "../../models/trainer.js";
import { subjectNamed, toldHistory } from "../../planner/testing/told-history.js";
import {
  decodeEstimateResponse,
  decodeHistoryAnswer,
  encodeEstimateRequest,
  encodeHistoryRequest,
} from "../../proto/codec/prediction.js";
import { PlannerServiceClient } from "../../proto/codec/services.js";
import { printTable, quantile, type Row, round, writeJson } from "../report.js";
import { projectFile } from "../root.js";
import { syntheticRows } from "../starter/workloads.js";
import { startWatchedPlanner, type WatchedPlanner } from "./watched-planner.js";

const subjects = 1_000;
/** The master is not in such a hurry; between two calls the planner does nothing. */
const pauseMs = 20;

export const servingBench = () =>
  new Command("serving")
    .description("a thousand estimates over gRPC, the planner's event loop meanwhile, trainings")
    .option("--calls <n>", "of a thousand estimates each", Number, 100)
    .option("--runs <n>", "that the predictor is told of first", Number, 2_000)
    .option("--training-rows <n>", "of the training that is timed; 0: none", Number, 20_000)
    .option("--log <file>", "the planner's log")
    .option("--json <file>", "write the figures here")
    .action(async ({ calls, runs, trainingRows, log, json }) => {
      const rows: Row[] = [];
      const say = (what: string, value: number, unit: string, bar = ""): void => {
        rows.push({ what, value: round(value, 2), unit, bar });
      };
      const planner = await startWatchedPlanner(log ?? null);
      try {
        await benchEstimates(planner, { calls, runs }, say);
      } finally {
        await planner.stop();
      }
      if (trainingRows > 0) await benchTraining(trainingRows, say);
      printTable("serving", rows);
      writeJson(json, { rows, calls, runs, trainingRows });
    });

type Say = (what: string, value: number, unit: string, bar?: string) => void;

async function benchEstimates(
  planner: WatchedPlanner,
  { calls, runs }: { readonly calls: number; readonly runs: number },
  say: Say,
): Promise<void> {
  const client = clientOf(planner.address);
  const toldMs = performance.now();
  const { sequence, proposal } = await tell(client, toldHistory(runs, 1));
  say(`history of ${runs} runs, with its trainings`, (performance.now() - toldMs) / 1_000, "s");
  if (proposal === null) throw new Error("no model has earned its service: nothing to measure");
  const choice = { sha256: proposal.sha256, pinned: false };
  await tell(client, [{ sequence: sequence + 1, what: { kind: "chosen", choice } }]);

  const idle = await watch(planner, () => new Promise((done) => setTimeout(done, 2_000)));
  const one: number[] = [];
  const thousand: number[] = [];
  for (let call = 0; call < calls; call++) one.push(await timed(client, 1, call));
  for (let call = 0; call < 10; call++) await timed(client, subjects, call);
  const busy = await watch(planner, async () => {
    for (let call = 0; call < calls; call++) {
      thousand.push(await timed(client, subjects, call));
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  });
  client.close();
  say("one estimate, p50", quantile(one, 0.5), "ms");
  say("  p99", quantile(one, 0.99), "ms");
  say(`${subjects} estimates in one call, p50`, quantile(thousand, 0.5), "ms");
  say("  p99", quantile(thousand, 0.99), "ms", "50");
  say("  longest", Math.max(...thousand), "ms");
  say("the planner's event loop meanwhile: a timer of 1 ms, p50", busy.delay.medianMs, "ms");
  say("  p99", busy.delay.p99Ms, "ms");
  say("  longest", busy.delay.maxMs, "ms");
  say("  longest while nothing was asked", idle.delay.maxMs, "ms");
  say("  longest, less what it waited for a processor", busy.heldMs, "ms", "5");
  say("    while nothing was asked", idle.heldMs, "ms");
  say("  processor time for each call", busy.cpuMs / calls, "ms");
  say("  share of the time that it waited for a processor", 100 * busy.waitedShare, "%");
  say("processor time of the predictor for each call", busy.predictorCpuMs / calls, "ms");
  say("memory of the predictor's process", residentMiB(busy.predictorPid), "MiB");
  say("memory of the planner's process", residentMiB(busy.pid), "MiB");
}

async function benchTraining(rows: number, say: Say): Promise<void> {
  const { matrix, logMs } = syntheticRows([1, 2, 3, 4], rows);
  const before = process.cpuUsage();
  const beganAtMs = performance.now();
  const { model } = await trainInThread(
    { rows, matrix, logMs, settings: boostDefaults },
    {
      entry: projectFile("dist/models/train-thread.js"),
      timeoutMs: 300_000,
      memoryMiBMax: 1_024,
    },
  );
  say(`training on ${rows} rows`, (performance.now() - beganAtMs) / 1_000, "s", "15");
  const { user, system } = process.cpuUsage(before);
  say("  processor time", (user + system) / 1e6, "s");
  say("  its model", model.length / 2 ** 20, "MiB");
}

async function watch(planner: WatchedPlanner, work: () => Promise<unknown>) {
  const before = await planner.begin();
  const predictorBefore = cpuMsOf(before.predictorPid);
  const beganAtMs = performance.now();
  await work();
  const after = await planner.report();
  return {
    ...after,
    cpuMs: after.cpuMs - before.cpuMs,
    waitedShare: (after.waitedMs - before.waitedMs) / (performance.now() - beganAtMs),
    predictorCpuMs: cpuMsOf(after.predictorPid) - predictorBefore,
  };
}

/** In steps of 10 ms, as Linux counts it. */
function cpuMsOf(pid: number | null): number {
  if (pid === null) return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

const clientOf = (address: string): PlannerServiceClient =>
  new PlannerServiceClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
  });

/** Milliseconds from the call to the decoded answer; every estimate must be the model's. */
function timed(client: PlannerServiceClient, count: number, call: number): Promise<number> {
  const asked = Array.from({ length: count }, (_, place) =>
    subjectNamed("", { timeoutMs: 10_000 + 990 * ((place * 7 + call) % 1_000) }),
  );
  return new Promise((resolve, reject) => {
    const beganAtMs = performance.now();
    client.estimate(encodeEstimateRequest(asked), (error, response) => {
      if (error !== null) return reject(error);
      const estimates = decodeEstimateResponse(response, count);
      const wallMs = performance.now() - beganAtMs;
      if (!estimates.ok) return reject(new Error(estimates.error.message));
      const other = estimates.value.find(({ source }) => source !== "model");
      if (other === undefined) resolve(wallMs);
      else reject(new Error(`an estimate is of ${other.source}: the model does not serve`));
    });
  });
}

/** As a master does: from where the predictor says that it stands, until it has all. */
async function tell(
  client: PlannerServiceClient,
  records: readonly HistoryRecord[],
): Promise<HistoryAnswer> {
  let answer: HistoryAnswer = { sequence: 0, revised: [], proposal: null };
  const last = records.at(-1)?.sequence ?? 0;
  do {
    const next = records.filter(({ sequence }) => sequence > answer.sequence).slice(0, 500);
    answer = await tellOnce(client, next);
  } while (answer.sequence < last);
  return answer;
}

const tellOnce = (
  client: PlannerServiceClient,
  records: readonly HistoryRecord[],
): Promise<HistoryAnswer> =>
  new Promise((resolve, reject) => {
    client.history(encodeHistoryRequest(records), (error, response) => {
      if (error !== null) return reject(error);
      const answer = decodeHistoryAnswer(response);
      if (answer.ok) resolve(answer.value);
      else reject(new Error(answer.error.message));
    });
  });

function residentMiB(pid: number | null): number {
  if (pid === null) return Number.NaN;
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1_024;
}
