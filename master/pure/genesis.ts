/** The state before the first event. */
import { emptyCalibration } from "../../core/calibration.js";
import { emptyStatistics } from "../../core/estimate.js";
import { emptyMemoryStatistics } from "../../core/memory-estimate.js";
import { noEnds } from "../../core/recent-ends.js";
import { emptyComparison } from "../../core/worker-speed.js";
import { noDueTimes } from "./due-times.js";
import type { ClusterSettings } from "./events.js";
import { touchPlan } from "./evolve/entities.js";
import { emptyHash } from "./hash.js";
import type { State } from "./state.js";

export const defaultSettings: ClusterSettings = {
  name: "default",
  pools: [],
  complete: false,
  expectedWorkers: [],
  silenceLimitMs: 10_000,
  clockMarginMs: 2_000,
  planningWindow: 10_000,
};

/** Assumed for launching and reporting until attempts have shown what it takes. */
const overheadGuessMs = 15;

export function genesis(): State {
  const state: State = {
    seq: 0,
    atMs: 0,
    epoch: 0,
    settings: defaultSettings,
    jobs: new Map(),
    tasks: new Map(),
    workers: new Map(),
    idempotency: new Map(),
    keysKept: new Map(),
    poolUse: new Map(),
    poolConsumed: new Map(),
    plan: {
      version: 0,
      solver: "",
      adoptedAtMs: 0,
      value: 0,
      bound: 0,
      parts: { makespanS: 0, flowS: 0, tardinessS: 0, moves: 0, cost: 0, skipped: 0 },
      makespanMs: 0,
      makespanBoundMs: 0,
      entries: new Map(),
    },
    access: { tokens: new Map(), certificates: new Map() },
    secrets: new Map(),
    secretVersion: 0,
    statistics: emptyStatistics(),
    peaks: emptyMemoryStatistics(),
    recentEnds: noEnds(),
    comparison: emptyComparison(),
    model: {
      ...{ sha256: null, version: "", pinned: false, reason: "", by: "", atMs: 0 },
      sequence: 0,
    },
    calibration: emptyCalibration(),
    overheadMs: overheadGuessMs,
    facts: 0,
    index: {
      openJobs: new Set(),
      ready: new Set(),
      held: new Set(),
      backoff: new Set(),
      unknown: new Set(),
      live: new Set(),
      hard: new Set(),
      queues: null,
      due: noDueTimes(),
      speedClasses: new Map(),
    },
    hash: emptyHash(),
  };
  // What every state has counts from the start, so that one that was read back hashes the same.
  touchPlan(state);
  return state;
}
