/** Jobs from a seed: chains, forks, arrays and gangs, of tasks that keep, stop or may run twice. */
import { bareEntry, bareJob } from "../core/bare-job.js";
import type { Edge, JobSpec, OnLost, TaskTemplate } from "../core/job.js";
import { randomInteger } from "../core/random.js";
import { noResources } from "../core/resources.js";

export interface Submission {
  readonly atMs: number;
  readonly key: string;
  readonly spec: JobSpec;
}

const mib = 2 ** 20;

/** At least `tasks` tasks, submitted over the first `withinMs`. */
export function drawWorkload(
  random: () => number,
  tasks: number,
  withinMs: number,
): readonly Submission[] {
  const submissions: Submission[] = [];
  let count = 0;
  while (count < tasks) {
    const spec = drawJob(random, submissions.length);
    count += spec.tasks.length;
    submissions.push({
      atMs: random() * withinMs,
      key: `key-${submissions.length}`,
      spec,
    });
  }
  return submissions.sort((a, b) => a.atMs - b.atMs);
}

type Shape = "alone" | "chain" | "fork" | "array" | "gang" | "branch";
const shapes: readonly Shape[] = ["alone", "chain", "fork", "array", "gang", "branch"];

function drawJob(random: () => number, number: number): JobSpec {
  const shape = shapes[randomInteger(random, shapes.length)] ?? "alone";
  const size = shape === "alone" ? 1 : 2 + randomInteger(random, shape === "array" ? 10 : 4);
  const like = drawTemplate(random, "like");
  const templates = Array.from({ length: size }, (_, index): TaskTemplate => {
    const own = shape === "array" || shape === "gang" ? like : drawTemplate(random, "own");
    const name = `t${index}`;
    if (shape === "gang" && index < 2) return { ...own, name, gang: "all" };
    if (shape === "array") return { ...own, name, maxConcurrent: null };
    return { ...own, name };
  });
  return bareJob({
    // Some come again and again, so that kinds of tasks are known that fail elsewhere.
    name: shape,
    namespace: `simulated-${number % 2}`,
    templates,
    tasks: templates.map(({ name }, template) => bareEntry(name, template)),
    edges: edgesOf(shape, size),
  });
}

function edgesOf(shape: Shape, size: number): Edge[] {
  const later = Array.from({ length: size - 1 }, (_, index) => index + 1);
  switch (shape) {
    case "chain":
      return later.map((to) => ({ from: to - 1, to, on: "success" }));
    case "fork":
      return later.map((to) => ({ from: 0, to, on: "success" }));
    case "branch":
      return later.map((to) => ({ from: 0, to, on: to % 2 === 0 ? "failure" : "done" }));
    default:
      return [];
  }
}

function drawPools(random: () => number): Readonly<Record<string, number>> {
  const draw = random();
  if (draw < 0.15) return { licence: 1 };
  return draw < 0.3 ? { fuel: 1 + randomInteger(random, 3) } : {};
}

const onLostKinds: readonly OnLost[] = [
  { kind: "keep" },
  { kind: "stop", afterMs: 8_000 },
  { kind: "stop", afterMs: 20_000 },
];

function drawTemplate(random: () => number, name: string): TaskTemplate {
  // Long and short, and estimated wrong by up to ten times either way.
  const durationMs = Math.round(200 * 2 ** (random() * 7));
  const error = 10 ** (random() * 2 - 1);
  const estimateMs = Math.max(1, Math.round(durationMs * error));
  const fails = random() < 0.12;
  const argv = ["simulate", String(durationMs), fails ? "1" : "0"];
  if (random() < 0.1) argv.push("stubborn");
  return {
    name,
    driver: "process",
    command: {
      program: { kind: "argv", argv },
      env: {},
      workingDirectory: null,
      stdin: null,
      options: null,
    },
    resources: {
      ...noResources,
      cpuMillis: 250 * (1 + randomInteger(random, 8)),
      memoryBytes: 64 * mib * (1 + randomInteger(random, 8)),
    },
    gpu: null,
    pools: drawPools(random),
    constraints: [],
    priority: randomInteger(random, 3) - 1,
    deadlineAtMs: null,
    estimate: random() < 0.8 ? { p50Ms: estimateMs, p90Ms: 2 * estimateMs } : null,
    retry: { attemptsMax: 1 + randomInteger(random, 3), backoffMs: 500, backoffMaxMs: 5_000 },
    timeoutMs: random() < 0.1 ? Math.max(500, Math.round(durationMs * 0.7)) : null,
    killGraceMs: 1_000,
    onLost: onLostKinds[randomInteger(random, onLostKinds.length)] ?? { kind: "keep" },
    idempotent: random() < 0.4,
    scheduledAtMs: null,
    maxConcurrent: null,
    logBytesMax: 1_000_000,
    metadata: {},
  };
}
