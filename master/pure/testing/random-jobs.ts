/** Small random jobs with everything that jobs can ask for, and the pools that they draw on. */
import fc from "fast-check";
import type { JobSpec, RetryPolicy, TaskMode, TaskTemplate } from "../../../core/job.js";
import { job, resources, template } from "../../../core/testing/jobs.js";

export const pools = [
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
export const secretNames = ["s0", "s1", "s2"];
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

export const jobs: fc.Arbitrary<JobSpec> = fc
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
