/**
 * What jobs say of failures, users who have jobs stand still, and nodes that fail whatever they are
 * given: drawn beside the workload and the faults, from a generator of their own, so that a seed
 * keeps the faults that it had without them.
 */
import { type JobId, jobId } from "../core/ids.js";
import type { JobSpec, RetryPolicy, TaskTemplate } from "../core/job.js";
import { randomInteger } from "../core/random.js";
import { digestOf } from "./cluster/predictor.js";
import type { World } from "./world.js";

/** What programs that fail end with, where their codes are of several kinds. */
const codes = [1, 3, 70];

export function withPolicies(random: () => number, spec: JobSpec): JobSpec {
  const templates = spec.templates.map((template) => withRetries(random, template));
  return {
    ...spec,
    templates,
    ...(random() < 0.3 ? { retryBudget: randomInteger(random, 4) } : {}),
    ...(random() < 0.2 ? { success: { atLeast: 0.25 + random() * 0.75 } } : {}),
  };
}

function withRetries(random: () => number, template: TaskTemplate): TaskTemplate {
  const { program } = template.command;
  const [name = "", durationMs = "", code = "0", ...more] =
    program.kind === "argv" ? program.argv : [];
  const other = code === "0" ? "0" : String(codes[randomInteger(random, codes.length)]);
  const command = {
    ...template.command,
    program: { kind: "argv" as const, argv: [name, durationMs, other, ...more] },
  };
  const retry: RetryPolicy = {
    ...template.retry,
    ...(random() < 0.4 ? { never: [{ from: 64, to: 78 }] } : {}),
    ...(random() < 0.5 ? { crashesMax: 1 + randomInteger(random, 2) } : {}),
    ...(random() < 0.25 ? { fallback: fallbackOf(random, template) } : {}),
  };
  return { ...template, command, retry, ...(random() < 0.1 ? { mayFail: true } : {}) };
}

/** Shorter, and as likely as not to do it. */
function fallbackOf(
  random: () => number,
  { command, driver, resources, constraints }: TaskTemplate,
): NonNullable<RetryPolicy["fallback"]> {
  const argv = ["simulate", String(Math.round(200 + random() * 2_000)), random() < 0.5 ? "0" : "5"];
  const way = {
    name: "fallback",
    driver,
    command: { ...command, program: { kind: "argv" as const, argv } },
    resources: { ...resources, cpuMillis: 250 },
    gpu: null,
    pools: {},
    constraints,
    estimate: null,
    timeoutMs: null,
  };
  return { way, attemptsMax: 1 + randomInteger(random, 2) };
}

/** Somebody has a model served, or none, and may mean it: what is pinned is let go of later. */
export function armModels(world: World, random: () => number, withinMs: number): void {
  const count = randomInteger(random, 4);
  for (let i = 0; i < count; i++) {
    const atMs = random() * withinMs;
    const number = randomInteger(random, 5);
    const choice = {
      sha256: number === 0 ? null : digestOf(number),
      version: number === 0 ? "" : `v${number}`,
      reason: "somebody says so",
      by: "user",
    };
    const pinned = random() < 0.7;
    world.time.at(atMs, () => world.user.order({ type: "ChooseModel", ...choice, pinned }));
    world.time.at(Math.min(withinMs, atMs + random() * 40_000), () =>
      world.user.order({ type: "ChooseModel", ...choice, pinned: false }),
    );
  }
}

/** Few jobs, each for up to half a minute. */
export function armPauses(world: World, random: () => number, withinMs: number): void {
  const count = randomInteger(random, 4);
  for (let i = 0; i < count; i++) {
    const atMs = random() * withinMs;
    const forMs = random() * 30_000;
    const choice = randomInteger(random, 1_000_000);
    world.time.at(atMs, () => {
      const { acknowledged } = world.witness;
      const one = acknowledged[choice % Math.max(1, acknowledged.length)];
      if (one === undefined) return;
      order(world, "Pause", jobId(one.jobId));
      world.time.at(Math.min(withinMs, atMs + forMs), () =>
        order(world, "Resume", jobId(one.jobId)),
      );
    });
  }
}

/** Now and then a node on which everything fails for a while. */
export function armBrokenNode(world: World, random: () => number, withinMs: number): void {
  const isOne = random() < 0.3;
  const atMs = random() * withinMs * 0.5;
  const node = world.nodes[randomInteger(random, world.nodes.length)];
  if (!isOne || node === undefined) return;
  world.time.at(atMs, () => {
    node.programs.isBroken = true;
  });
  world.time.at(withinMs, () => {
    node.programs.isBroken = false;
  });
}

const order = (world: World, type: "Pause" | "Resume", job: JobId): void =>
  world.user.order({ type, job, task: null });

const againMs = 2_000;

/** A word that was lost is said again, until nothing is paused any more. */
export function resumeAll(world: World): void {
  for (const job of world.jobsPaused) order(world, "Resume", jobId(job));
  if (world.jobsPaused.size > 0 || world.jobsOpen.size > 0) {
    world.time.at(world.time.nowMs + againMs, () => resumeAll(world));
  }
}
