/** What users, workers and operators do to a small cluster, at random, and lives made of it. */
import fc from "fast-check";
import { jobId, workerId } from "../../../core/ids.js";
import { resources, workerFacts } from "../../../core/testing/jobs.js";
import type { Outcome } from "../../../core/worker.js";
import { liveAttempt } from "../state.js";
import { jobs, pools, secretNames } from "./random-jobs.js";
import { Script } from "./script.js";

const outcomes: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  { kind: "exited", exitCode: 0 },
  { kind: "exited", exitCode: 0 },
  { kind: "exited", exitCode: 1 },
  { kind: "exited", exitCode: 7 },
  { kind: "out_of_memory" },
  { kind: "timed_out" },
  { kind: "lease_expired" },
  { kind: "supervisor_lost" },
  { kind: "not_started", message: "no such file" },
);

export type Deed = (script: Script, count: number) => void;

const workers = ["a", "b", "c"].map(workerId);
/** Two of them share a rack, one stands in none. */
const racks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  a: { rack: "1" },
  b: { rack: "1" },
  c: {},
};
const factsOf = (worker: string) => ({
  capacity: resources(2_000, 2 ** 30),
  labels: racks[worker] ?? {},
  drivers: workerFacts(worker).drivers.map((driver) => ({ ...driver, givesSecrets: true })),
});

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 3,
    arbitrary: jobs.map(
      (spec): Deed =>
        (script, n) =>
          void script.submit(spec, `j${n}`),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.nat(), outcomes).map(
      ([pick, outcome]): Deed =>
        (script) => {
          const live = [...script.state.index.live].filter(
            (task) => liveAttempt(task)?.status.kind !== "unknown",
          );
          const task = live[pick % Math.max(1, live.length)];
          const attempt = task === undefined ? null : liveAttempt(task);
          if (attempt === null) return;
          if (attempt.status.kind === "launching" && pick % 2 === 0) script.report(attempt, null);
          else script.report(attempt, outcome);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (pick): Deed =>
        (script) => {
          const attempts = [...script.state.index.live].map(liveAttempt);
          const attempt = attempts[pick % Math.max(1, attempts.length)] ?? null;
          if (attempt !== null) script.refused(attempt);
        },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 6_000 }).map(
      (ms): Deed =>
        (s) =>
          s.tick(ms),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(2), fc.nat(1), fc.boolean()).map(
      ([w, session, knows]): Deed =>
        (script) => {
          const worker = workers[w] ?? workerId("a");
          const live = [...(script.state.workers.get(worker)?.live.keys() ?? [])];
          script.lastHeard.set(worker, script.nowMs);
          script.do({
            type: "WorkerHello",
            hello: {
              incarnation: { worker, boot: "b", session: `s${session}` },
              facts: {
                ...workerFacts(worker),
                ...factsOf(worker),
                devices: [{ id: "gpu0", type: "x", memoryBytes: 2 ** 30 }],
              },
              epochSeen: 1,
              live: knows ? live.map((attempt) => ({ attempt, startedAtMs: 1, pid: 1 })) : [],
              unacknowledged: [],
            },
          });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(2).map(
      (w): Deed =>
        (script) => {
          const incarnation = script.state.workers.get(workers[w] ?? workerId("a"))?.incarnation;
          if (incarnation !== undefined) script.do({ type: "WorkerDisconnected", incarnation });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.boolean()).map(
      ([pick, again]): Deed =>
        (script) => {
          const all = [...script.state.jobs.keys()];
          const id = all[pick % Math.max(1, all.length)] ?? jobId("none");
          if (again) script.do({ type: "Retry", job: id, task: null });
          else script.do({ type: "Cancel", job: id, task: null, reason: "random" });
        },
    ),
  },
);

const operations: fc.Arbitrary<Deed> = fc.tuple(fc.nat(2), fc.nat(9), fc.nat(20_000)).map(
  ([w, what, ms]): Deed =>
    (script) => {
      const worker = workers[w] ?? workerId("a");
      const known = script.state.workers.get(worker)?.maintenance[0];
      const fromMs = script.nowMs + ms;
      if (what === 0) script.do({ type: "Cordon", worker });
      else if (what <= 2) script.do({ type: "Uncordon", worker });
      else if (what === 3)
        script.do({ type: "Drain", worker, deadlineMs: null, force: false, thenStop: false });
      else if (what === 4)
        script.do({
          type: "Drain",
          worker,
          deadlineMs: ms,
          force: ms % 2 === 0,
          thenStop: ms % 3 === 0,
        });
      else if (what <= 6) script.do({ type: "Undrain", worker });
      else if (what <= 8) {
        const everyMs = what === 7 ? null : 30_000;
        const window = { fromMs, toMs: fromMs + 7_000, everyMs };
        script.do({ type: "ScheduleMaintenance", worker, window });
      } else if (known !== undefined) {
        script.do({ type: "RemoveMaintenance", worker, window: known.id });
      }
    },
);

const resolutions: fc.Arbitrary<Deed> = fc.boolean().map(
  (again): Deed =>
    (script) => {
      const [task] = script.state.index.unknown;
      if (task === undefined) return;
      script.do({ type: "Resolve", task: task.id, as: again ? "retry" : "failed" });
    },
);

/** A user has a job, or one of its tasks, stand still or go on; a worker says that it does. */
const pauses: fc.Arbitrary<Deed> = fc.tuple(fc.nat(), fc.nat(5)).map(
  ([pick, what]): Deed =>
    (script) => {
      const all = [...script.state.tasks.values()];
      const task = all[pick % Math.max(1, all.length)];
      if (task === undefined) return;
      const target = { job: task.job.id, task: what % 2 === 0 ? null : task.id };
      if (what < 2) script.do({ type: "Pause", ...target });
      else if (what < 4) script.do({ type: "Resume", ...target });
      else {
        const attempt = liveAttempt(task);
        if (attempt !== null) script.holds(attempt, what === 4);
      }
    },
);

const releases: fc.Arbitrary<Deed> = fc.nat(2).map(
  (w): Deed =>
    (script) =>
      void script.do({ type: "LiftQuarantine", worker: workers[w] ?? workerId("a") }),
);

const secretDeeds: fc.Arbitrary<Deed> = fc
  .tuple(fc.constantFrom(...secretNames), fc.nat(4))
  .map(([name, what]): Deed => {
    const namespace = "default";
    return (script) => {
      const version = script.state.secretVersion + 1;
      if (what > 0) script.do({ type: "SetSecret", namespace, name, version });
      else script.do({ type: "RemoveSecret", namespace, name });
    };
  });

/** What a predictor may say, of ways that are there or not, and what a person says of its models. */
const predictions: fc.Arbitrary<Deed> = fc.tuple(fc.nat(), fc.nat(9), fc.nat(20_000)).map(
  ([pick, what, p50Ms]): Deed =>
    (script) => {
      if (what === 9) return void script.do({ type: "WithdrawEstimates" });
      if (what >= 7) {
        const sha256 = pick % 3 === 0 ? null : String(pick % 3).repeat(64);
        const by = what === 7 ? "planner" : "ana";
        const choice = { sha256, version: sha256 ?? "", reason: "", pinned: pick % 2 === 0, by };
        return void script.do({ type: "ChooseModel", ...choice });
      }
      const all = [...script.state.tasks.values()];
      const entries = [0, 1, 2].flatMap((step) => {
        const task = all[(pick + 7 * step) % Math.max(1, all.length)];
        if (task === undefined) return [];
        const { named } = task.ways[step % task.ways.length] ?? { named: {} };
        const estimate = { p50Ms, p90Ms: 2 * p50Ms, source: "model" as const, confidence: 0.5 };
        return [{ job: task.job.id, template: task.entry.template, ...named, ...estimate }];
      });
      script.do({ type: "ReviseEstimates", entries });
    },
);

/** As above, with operators at work. */
export const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 20, arbitrary: deeds },
  { weight: 3, arbitrary: secretDeeds },
  { weight: 4, arbitrary: operations },
  { weight: 2, arbitrary: pauses },
  { weight: 1, arbitrary: releases },
  { weight: 1, arbitrary: resolutions },
  { weight: 2, arbitrary: predictions },
);

export const lives = (minLength: number, maxLength: number): fc.Arbitrary<readonly Deed[]> =>
  fc.array(anyDeed, { minLength, maxLength, size: "max" });

/** Of a new cluster; `look` after each deed. */
export function live(life: readonly Deed[], look: (script: Script) => void = () => {}): Script {
  const script = new Script({ pools, silenceLimitMs: 5_000 });
  for (const worker of workers) script.join(worker, factsOf(worker));
  life.forEach((deed, count) => {
    deed(script, count);
    look(script);
  });
  return script;
}
