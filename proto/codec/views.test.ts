import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClusterStatus,
  healthStates,
  type PlanView,
  plannerStates,
  type SubmitReceipt,
  taskStates,
  type WorkerView,
  workerStates,
} from "../../core/views.js";
import { drainStages } from "../../core/worker.js";
import * as clusterWire from "../gen/almanac/v1/cluster.js";
import * as wire from "../gen/almanac/v1/job.js";
import {
  decodeClusterStatus,
  decodeWorkerViews,
  encodeClusterStatus,
  encodeWorkerViews,
} from "./cluster.js";
import * as any from "./testing/arbitraries.js";
import * as jobs from "./testing/jobs.js";
import { fieldsOf, survives, throughWire } from "./testing/wire.js";
import {
  decodeJobSummary,
  decodeJobView,
  decodePlanView,
  decodeSubmitReceipt,
  decodeTaskView,
  decodeWatchEvent,
  encodeJobSummary,
  encodeJobView,
  encodePlanView,
  encodeSubmitReceipt,
  encodeTaskView,
  encodeWatchEvent,
} from "./views.js";

const violation = fc.record(
  { field: any.text, message: any.text, line: any.positive, limit: any.count },
  { requiredKeys: ["field", "message"], noNullPrototype: true },
);
const receipt: fc.Arbitrary<SubmitReceipt> = fc.record({
  jobId: jobs.jobSummary.map(({ id }) => id),
  duplicate: any.flag,
  warnings: fc.array(violation, { maxLength: 3 }),
  forecast: fc.option(jobs.jobView, { nil: null }),
});
const planView: fc.Arbitrary<PlanView> = fc.record({
  version: any.count,
  solver: any.name,
  adoptedAtMs: any.count,
  weights: jobs.weights,
  parts: fc.record({
    makespanS: any.amount,
    flowS: any.amount,
    tardinessS: any.amount,
    moves: any.amount,
    cost: any.amount,
    skipped: any.amount,
  }),
  value: any.amount,
  bound: any.amount,
  gap: any.amount,
  entries: fc.array(
    fc.record({
      taskId: jobs.taskOfAny,
      state: fc.constantFrom(...taskStates),
      reservation: jobs.reservation,
    }),
    { maxLength: 3 },
  ),
});
const plainWorkerView: fc.Arbitrary<WorkerView> = fc.record({
  facts: any.workerFacts,
  incarnation: any.incarnation,
  state: fc.constantFrom(...workerStates),
  sinceMs: any.count,
  lastHeardAtMs: any.countOrNull,
  used: any.resources,
  attempts: fc.nat(1_000),
  heartbeat: fc.option(
    fc.record({
      freeMemoryBytes: any.count,
      loadAverage: fc.double({ min: 0, max: 100, noNaN: true }),
    }),
    { nil: null },
  ),
  cordonedAtMs: any.countOrNull,
  drain: fc.option(
    fc.record({
      beganAtMs: any.count,
      deadlineAtMs: any.countOrNull,
      force: fc.boolean(),
      thenStop: fc.boolean(),
      stage: fc.constantFrom(...drainStages),
    }),
    { nil: null },
  ),
  maintenance: fc.array(
    fc.record({
      id: any.name,
      fromMs: any.count,
      toMs: any.count,
      everyMs: fc.constantFrom(null, 1, 604_800_000),
    }),
    { maxLength: 2 },
  ),
});
const learntSpeed = fc.record({
  factor: fc.double({ min: 0.01, max: 100, noNaN: true }),
  runs: fc.nat(32),
});
const workerView: fc.Arbitrary<WorkerView> = fc.oneof(
  plainWorkerView,
  fc
    .tuple(plainWorkerView, learntSpeed)
    .map(([view, learnt]) => ({ ...view, learntSpeed: learnt })),
);
const status: fc.Arbitrary<ClusterStatus> = fc.record({
  health: fc.constantFrom(...healthStates),
  message: any.text,
  epoch: any.count,
  sequence: any.count,
  durability: fc.constantFrom("full" as const, "reduced"),
  planner: fc.record({
    state: fc.constantFrom(...plannerStates),
    message: any.text,
    plansReceived: any.count,
    plansAdopted: any.count,
    plansRejected: any.count,
    lastHeardAtMs: any.countOrNull,
  }),
  jobsRunning: fc.nat(1_000),
  tasksLive: fc.nat(1_000),
  workersConnected: fc.nat(1_000),
  version: any.text,
  startedAtMs: any.count,
  stateHash: any.text,
});

describe("a view comes through the wire as it was", () => {
  it("of a job, short and in full", () => {
    fc.assert(
      fc.property(jobs.jobSummary, jobs.jobView, (summary, view) => {
        const short = throughWire(wire.JobSummary, encodeJobSummary(summary));
        expect(decodeJobSummary(short)).toEqual({ ok: true, value: summary });
        const full = throughWire(wire.JobView, encodeJobView(view));
        expect(decodeJobView(full)).toEqual({ ok: true, value: view });
      }),
    );
  });

  it("of a task and its attempts", () => {
    fc.assert(
      fc.property(jobs.taskView, (view) => {
        const back = decodeTaskView(throughWire(wire.TaskView, encodeTaskView(view)));
        expect(back).toEqual({ ok: true, value: view });
      }),
    );
  });

  it("of a submission's receipt, with warnings and forecast", () => {
    fc.assert(
      fc.property(receipt, (value) => {
        const message = throughWire(wire.SubmitResponse, encodeSubmitReceipt(value));
        expect(decodeSubmitReceipt(message)).toEqual({ ok: true, value });
      }),
    );
  });

  it("of a plan", () => {
    fc.assert(
      fc.property(planView, (value) => {
        const message = throughWire(wire.GetPlanResponse, encodePlanView(value));
        expect(decodePlanView(message)).toEqual({ ok: true, value });
      }),
    );
  });

  it("of whatever a watch tells", () => {
    fc.assert(
      fc.property(jobs.watchEvent, (value) => {
        const message = throughWire(wire.WatchResponse, encodeWatchEvent(value));
        expect(decodeWatchEvent(message)).toEqual({ ok: true, value });
      }),
    );
  });

  it("of workers and the cluster's status", () => {
    fc.assert(
      fc.property(fc.array(workerView, { maxLength: 3 }), status, (value, clusterStatus) => {
        const workers = throughWire(clusterWire.ListWorkersResponse, encodeWorkerViews(value));
        expect(decodeWorkerViews(workers)).toEqual({ ok: true, value });
        const state = encodeClusterStatus(clusterStatus);
        const back = decodeClusterStatus(throughWire(clusterWire.GetStatusResponse, state));
        expect(back).toEqual({ ok: true, value: clusterStatus });
      }),
    );
  });
});

describe("a malformed answer is an internal error that names the field", () => {
  const empty = new Uint8Array();

  it.each([
    ["a job that was left out", decodeJobView(undefined), ["job"]],
    ["a view without its summary", decodeJobView(wire.JobView.decode(empty)), ["summary"]],
    ["a task without name or state", decodeTaskView(wire.TaskView.decode(empty)), ["id", "state"]],
    ["an event of nothing", decodeWatchEvent(wire.WatchResponse.decode(empty)), ["change"]],
    [
      "a plan without its parts",
      decodePlanView(wire.GetPlanResponse.decode(empty)),
      ["weights", "parts"],
    ],
    [
      "a status without its words",
      decodeClusterStatus(clusterWire.GetStatusResponse.decode(empty)),
      ["health", "durability", "planner"],
    ],
  ])("%s", (_what, result, fields) => {
    expect(result).toMatchObject({ ok: false, error: { code: "internal" } });
    expect(fieldsOf(result)).toEqual(fields);
  });

  it("never an exception, whatever the bytes", () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const survived = [
          survives(wire.JobSummary, decodeJobSummary, bytes),
          survives(wire.JobView, decodeJobView, bytes),
          survives(wire.TaskView, decodeTaskView, bytes),
          survives(wire.SubmitResponse, decodeSubmitReceipt, bytes),
          survives(wire.GetPlanResponse, decodePlanView, bytes),
          survives(wire.WatchResponse, decodeWatchEvent, bytes),
          survives(clusterWire.ListWorkersResponse, decodeWorkerViews, bytes),
          survives(clusterWire.GetStatusResponse, decodeClusterStatus, bytes),
        ];
        messages += survived.filter(Boolean).length;
      }),
      { numRuns: 1_000 },
    );
    expect(messages).toBeGreaterThan(100);
  });
});
