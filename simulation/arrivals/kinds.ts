/**
 * Workflows as they come to a cluster day by day: of a few kinds, each with its own shape, of random
 * sizes. Durations are log-normal for each step of a kind; the size of a job's data stretches all of
 * its steps alike, and nobody is told of it, as nobody is who submits the same command on another
 * day's data. Some kinds come with estimates, which are wrong by a factor of their own.
 */
import { bareJob } from "../../core/bare-job.js";
import type { Edge, JobSpec, TaskEntry, TaskTemplate } from "../../core/job.js";
import { fromUpperTail } from "../../core/normal.js";
import { randomInteger } from "../../core/random.js";
import { noResources } from "../../core/resources.js";

interface Step {
  readonly name: string;
  readonly medianMs: number;
  /** Deviation of the logarithm, from task to task. */
  readonly deviation: number;
  readonly cpus: number;
  /** How many of it a job has. */
  readonly count: (random: () => number) => number;
  /** Steps that it waits for; `each`: its n-th task for the n-th of that step alone. */
  readonly after: readonly { readonly step: number; readonly each?: boolean }[];
}

interface Kind {
  readonly name: string;
  /** Deviation of the logarithm of a job's size. */
  readonly sizes: number;
  /** The estimate of its steps over their medians; null: it comes without. */
  readonly said: number | null;
  readonly steps: readonly Step[];
}

const one = () => 1;
const some = (from: number, to: number) => (random: () => number) =>
  from + randomInteger(random, to - from + 1);

const step = (
  name: string,
  medianMs: number,
  deviation: number,
  rest: Partial<Step> = {},
): Step => ({ name, medianMs, deviation, cpus: 1, count: one, after: [], ...rest });

const kinds: readonly Kind[] = [
  {
    name: "render",
    sizes: 0.3,
    said: 1,
    steps: [
      step("scene", 3_000, 0.2),
      step("frame", 8_000, 0.35, { count: some(4, 30), after: [{ step: 0 }] }),
      step("film", 6_000, 0.2, { cpus: 2, after: [{ step: 1 }] }),
    ],
  },
  {
    name: "reads",
    sizes: 0.5,
    said: null,
    steps: [
      step("trim", 4_000, 0.3, { count: some(2, 8) }),
      step("align", 15_000, 0.3, { cpus: 2, count: some(2, 8), after: [{ step: 0, each: true }] }),
      step("call", 10_000, 0.4, { after: [{ step: 1 }] }),
      step("report", 2_000, 0.2, { after: [{ step: 2 }] }),
    ],
  },
  {
    name: "sweep",
    sizes: 0.2,
    said: 2.5,
    steps: [step("run", 5_000, 0.6, { count: some(5, 40) })],
  },
  {
    name: "nightly",
    sizes: 0.15,
    said: null,
    steps: [
      step("load", 5_000, 0.1),
      step("check", 4_000, 0.15, { after: [{ step: 0 }] }),
      step("train", 30_000, 0.2, { cpus: 4, after: [{ step: 1 }] }),
      step("publish", 1_000, 0.1, { after: [{ step: 2 }] }),
    ],
  },
  {
    name: "alone",
    sizes: 0.7,
    said: 0.4,
    steps: [step("once", 10_000, 0.3)],
  },
];

export interface Arrival {
  readonly atMs: number;
  readonly key: string;
  readonly spec: JobSpec;
}

/** What a cluster of workers like these, at speed 1, is kept busy with for this share of its time. */
export interface Load {
  readonly cpus: number;
  readonly share: number;
}

/** Jobs in order of arrival, at random (Poisson) as fast as gives this load. */
export function drawArrivals(random: () => number, jobs: number, load: Load): readonly Arrival[] {
  const specs = Array.from({ length: jobs }, (_, index) => drawJob(random, index));
  const workMs = specs.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const betweenMs = workMs / jobs / (load.cpus * load.share);
  let atMs = 5_000;
  return specs.map(({ spec }, index) => {
    atMs += -Math.log(1 - random()) * betweenMs;
    return { atMs, key: `arrival-${index}`, spec };
  });
}

/** In twenty tasks one fails the first time that it is run. */
const failsChance = 0.05;

function drawJob(random: () => number, number: number): { spec: JobSpec; cpuMs: number } {
  const kind = kinds[randomInteger(random, kinds.length)] as Kind;
  const normal = (): number => fromUpperTail((random() * 2 ** 32 + 0.5) / (2 ** 32 + 1));
  const size = Math.exp(kind.sizes * normal());
  const tasks: TaskEntry[] = [];
  const edges: Edge[] = [];
  const counts: number[] = [];
  const firsts: number[] = [];
  let cpuMs = 0;
  kind.steps.forEach(({ name, medianMs, deviation, cpus, count, after }, template) => {
    const each = after.find((one) => one.each === true);
    const many = each === undefined ? count(random) : (counts[each.step] as number);
    counts.push(many);
    firsts.push(tasks.length);
    for (let index = 0; index < many; index++) {
      const durationMs = Math.round(medianMs * size * Math.exp(deviation * normal()));
      cpuMs += durationMs * cpus;
      const fails = random() < failsChance ? "1" : "0";
      for (const { step: before, each: alone } of after) {
        for (let other = 0; other < (counts[before] as number); other++) {
          if (alone === true && other !== index) continue;
          edges.push({ from: (firsts[before] as number) + other, to: tasks.length, on: "success" });
        }
      }
      tasks.push({
        name: `${name}-${index}`,
        template,
        env: { SIMULATED_MS: String(durationMs), SIMULATED_FAILURES: fails },
        estimate: null,
        inputBytes: null,
      });
    }
  });
  const spec = bareJob({
    name: kind.name,
    namespace: "arrivals",
    templates: kind.steps.map((one) => templateOf(kind, one)),
    tasks,
    edges,
  });
  return { spec: { ...spec, metadata: { number: String(number) } }, cpuMs };
}

const templateOf = ({ said }: Kind, { name, medianMs, cpus }: Step): TaskTemplate => ({
  name,
  driver: "process",
  command: {
    program: { kind: "argv", argv: ["simulate", name] },
    env: {},
    workingDirectory: null,
    stdin: null,
    options: null,
  },
  resources: { ...noResources, cpuMillis: cpus * 1_000, memoryBytes: 2 ** 26 },
  gpu: null,
  pools: {},
  constraints: [],
  priority: 0,
  deadlineAtMs: null,
  estimate:
    said === null ? null : { p50Ms: medianMs * said, p90Ms: Math.round(medianMs * said * 1.5) },
  retry: { attemptsMax: 4, backoffMs: 500, backoffMaxMs: 5_000 },
  timeoutMs: null,
  killGraceMs: 1_000,
  onLost: { kind: "keep" },
  idempotent: true,
  scheduledAtMs: null,
  maxConcurrent: null,
  logBytesMax: 1_000_000,
  metadata: {},
});
