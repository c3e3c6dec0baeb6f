/** Random lives of a small cluster: whatever happens, in whatever order, the invariants hold. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerBound } from "../../core/bounds.js";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { jobId, workerId } from "../../core/ids.js";
import type { JobSpec, RetryPolicy, TaskMode, TaskTemplate } from "../../core/job.js";
import { job, resources, template, workerFacts } from "../../core/testing/jobs.js";
import type { Outcome } from "../../core/worker.js";
import { buildProblem } from "./problem.js";
import { liveAttempt } from "./state.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenForecast, brokenInvariants } from "./testing/invariants.js";
import { Script } from "./testing/script.js";

const pools = [
  { name: "licence", capacity: 2 },
  { name: "fuel", capacity: 12, consumable: true },
];

/** Larger than what it stands in for, and of a pool. */
const fallback: TaskMode = {
  name: "fallback",
  driver: "process",
  command: null,
  resources: resources(1_500),
  gpu: null,
  pools: { licence: 1 },
  constraints: [],
  estimate: { p50Ms: 900, p90Ms: 1_000 },
  timeoutMs: null,
};

const templates: fc.Arbitrary<Partial<TaskTemplate>> = fc.record({
  resources: fc.constantFrom(resources(500), resources(1_000), resources(2_000), resources(9_000)),
  pools: fc.constantFrom<Record<string, number>[]>(
    {},
    {},
    {},
    { licence: 1 },
    { licence: 1 },
    { fuel: 2 },
  ),
  idempotent: fc.boolean(),
  onLost: fc.constantFrom({ kind: "keep" as const }, { kind: "stop" as const, afterMs: 3_000 }),
  maxConcurrent: fc.constantFrom(null, 1),
  priority: fc.integer({ min: -5, max: 5 }),
  retry: fc.constantFrom<RetryPolicy[]>(
    { attemptsMax: 1, backoffMs: 100, backoffMaxMs: 1_000 },
    { attemptsMax: 3, backoffMs: 100, backoffMaxMs: 1_000 },
    { attemptsMax: 3, backoffMs: 100, backoffMaxMs: 1_000, never: [{ from: 2, to: 9 }] },
    {
      attemptsMax: 5,
      backoffMs: 100,
      backoffMaxMs: 1_000,
      crashesMax: 2,
      moreMemory: { factor: 4, maxBytes: 2 ** 31 },
    },
    { attemptsMax: 2, backoffMs: 0, backoffMaxMs: 0, fallback: { way: fallback, attemptsMax: 2 } },
  ),
  gpu: fc.constantFrom(
    null,
    { kind: "share" as const, thousandths: 600, type: null, memoryBytes: 0 },
    { kind: "whole" as const, count: 1, type: null, memoryBytes: 0 },
  ),
  estimate: fc.constantFrom(null, { p50Ms: 500, p90Ms: 900 }, { p50Ms: 5_000, p90Ms: 20_000 }),
});

const domains = fc.constantFrom(
  { group: "g", by: "worker" },
  { group: "g", by: "worker" },
  { group: "r", by: "rack" },
);

/** Ways to run a task, of which some run nowhere. */
const modes: fc.Arbitrary<Omit<TaskMode, "name">> = templates.map((change) => {
  const {
    driver,
    resources: asked,
    gpu,
    pools: taken,
    constraints,
    estimate,
  } = {
    ...template("t"),
    ...change,
  };
  const way = { driver, command: null, resources: asked, gpu, pools: taken, constraints };
  return { ...way, estimate, timeoutMs: null };
});

const someModes: fc.Arbitrary<Pick<TaskTemplate, "modes">> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.array(modes, { minLength: 1, maxLength: 3, size: "max" }).map((list) => ({
      modes: list.map((mode, i) => ({ ...mode, name: `m${i}` })),
    })),
  },
);

/** A hard deadline asks for an estimate of each. */
const estimated = ({ modes: list }: Pick<TaskTemplate, "modes">): Pick<TaskTemplate, "modes"> =>
  list === undefined
    ? {}
    : {
        modes: list.map((mode) => ({
          ...mode,
          estimate: mode.estimate ?? { p50Ms: 500, p90Ms: 900 },
        })),
      };

/** What tasks ask of one another; jobs that make no sense are refused. */
const terms: fc.Arbitrary<Partial<TaskTemplate>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.constantFrom({ gang: "x" }, { gang: "x" }, { gang: "y" }) },
  { weight: 2, arbitrary: domains.map((spread) => ({ spread })) },
  { weight: 1, arbitrary: domains.map((colocate) => ({ colocate })) },
  { weight: 1, arbitrary: domains.map((spread) => ({ spread, gang: "x" })) },
  { weight: 1, arbitrary: fc.constantFrom({ skipPrice: 0.1 }, { skipPrice: 100 }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1_000_500, max: 1_060_000 }).map((deadlineAtMs) => ({
      hardDeadline: true,
      deadlineAtMs,
      estimate: { p50Ms: 500, p90Ms: 900 },
    })),
  },
);

/** Names of which some are of no secret when they are asked for, or not any more. */
const secretNames = ["s0", "s1", "s2"];
const secrets: fc.Arbitrary<Pick<TaskTemplate, "secrets">> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...secretNames), fc.constantFrom(...secretNames))
      .map(([one, other]) => ({ secrets: { env: { ONE: one }, files: { other } } })),
  },
);

const whole = fc.tuple(templates, terms, someModes, secrets).map(
  ([plain, more, ways, given]): Partial<TaskTemplate> => ({
    ...plain,
    ...more,
    ...given,
    ...(more.hardDeadline === true ? estimated(ways) : ways),
    ...(more.gang === undefined ? {} : { maxConcurrent: null }),
  }),
);

function withoutLoneGangs(changes: readonly Partial<TaskTemplate>[]): Partial<TaskTemplate>[] {
  return changes.map(({ gang, ...rest }) => {
    const isLone = changes.filter((other) => other.gang === gang).length < 2;
    return gang === undefined || isLone ? rest : { ...rest, gang };
  });
}

const policies: fc.Arbitrary<Pick<JobSpec, "retryBudget" | "success" | "timeoutMs">> =
  fc.constantFrom(
    { timeoutMs: null },
    { timeoutMs: null },
    { timeoutMs: null, retryBudget: 1 },
    { timeoutMs: 20_000, success: { atLeast: 0.5 } },
  );

const jobs: fc.Arbitrary<JobSpec> = fc
  .array(whole, { minLength: 1, maxLength: 6, size: "max" })
  .chain((changes) =>
    fc
      .array(
        fc.record({
          from: fc.nat(changes.length - 1),
          to: fc.nat(changes.length - 1),
          on: fc.constantFrom("success" as const, "failure" as const, "done" as const),
        }),
        { maxLength: 8, size: "max" },
      )
      .chain((edges) => policies.map((policy) => ({ edges, policy })))
      .map(({ edges, policy }) => ({
        ...job(withoutLoneGangs(changes).map((change, i) => template(`t${i}`, change))),
        ...policy,
        // Edges go up only, so there is no cycle, and none twice.
        edges: edges.filter(
          (edge, i) =>
            edge.from < edge.to &&
            (changes[edge.from]?.gang ?? 1) !== (changes[edge.to]?.gang ?? 2) &&
            edges.findIndex((e) => e.from === edge.from && e.to === edge.to) === i,
        ),
      })),
  );

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

type Deed = (script: Script, count: number) => void;

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

/** As above, with operators at work. */
const anyDeeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 20, arbitrary: deeds },
  { weight: 3, arbitrary: secretDeeds },
  { weight: 4, arbitrary: operations },
  { weight: 2, arbitrary: pauses },
  { weight: 1, arbitrary: releases },
  { weight: 1, arbitrary: resolutions },
);

describe("whatever happens to a cluster", () => {
  it("keeps every invariant, and its replay is equal", () => {
    fc.assert(
      fc.property(fc.array(anyDeeds, { minLength: 40, maxLength: 120, size: "max" }), (life) => {
        const script = new Script({ pools, silenceLimitMs: 5_000 });
        for (const worker of workers) script.join(worker, factsOf(worker));
        life.forEach((deed, count) => {
          deed(script, count);
          expect(brokenInvariants(script.state)).toEqual([]);
        });
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe("in whatever state a cluster is", () => {
  it("that state can be written down, read again, and lives on in the same way", () => {
    const lives = fc.array(anyDeeds, { minLength: 20, maxLength: 60, size: "max" });
    fc.assert(
      fc.property(lives, fc.double({ min: 0, max: 1, noNaN: true }), (life, share) => {
        const script = new Script({ pools, silenceLimitMs: 5_000 });
        for (const worker of workers) script.join(worker, factsOf(worker));
        life.forEach((deed, count) => {
          deed(script, count);
        });
        expectCodecLaw(script.events, Math.floor(script.events.length * share));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it("its forecast promises nothing on a worker that is closed by then", () => {
    fc.assert(
      fc.property(fc.array(anyDeeds, { minLength: 20, maxLength: 60, size: "max" }), (life) => {
        const script = new Script({ pools, silenceLimitMs: 5_000 });
        for (const worker of workers) script.join(worker, factsOf(worker));
        life.forEach((deed, count) => {
          deed(script, count);
          expect(brokenForecast(script.state, script.nowMs + 137)).toEqual([]);
        });
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it("its Problem has a plan that the checker accepts, and no bound above it", () => {
    fc.assert(
      fc.property(fc.array(anyDeeds, { minLength: 20, maxLength: 60, size: "max" }), (life) => {
        const script = new Script({ pools, silenceLimitMs: 5_000 });
        for (const worker of workers) script.join(worker, factsOf(worker));
        life.forEach((deed, count) => {
          deed(script, count);
          for (const mode of ["keep", "free"] as const) {
            const { problem } = buildProblem(script.state, script.nowMs + 137, mode);
            const { violations, evaluation } = checkPlan(problem, greedy(problem));
            expect(violations).toEqual([]);
            expect(lowerBound(problem).value).toBeLessThanOrEqual(evaluation.value + 1e-6);
          }
        });
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
