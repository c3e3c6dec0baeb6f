/**
 * A small workflow whose tasks spend times of their own, as long as the worker they land on makes
 * them: its factor stands in a file that may change while it works. Nobody says how long anything
 * takes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEntry, bareJob } from "../../core/bare-job.js";
import type { Edge, JobSpec, TaskTemplate } from "../../core/job.js";
import { benchTemplate, shell } from "../jobs.js";

interface Stage {
  readonly name: string;
  readonly tasks: number;
  /** Typical time of one, in seconds on a worker of factor 1. */
  readonly seconds: number;
}

/** Each stage begins when the one before it has ended. */
const stages: readonly Stage[] = [
  { name: "fetch", tasks: 2, seconds: 0.8 },
  { name: "align", tasks: 18, seconds: 1.5 },
  { name: "merge", tasks: 3, seconds: 2 },
  { name: "report", tasks: 1, seconds: 1 },
];

/** Deviation of the logarithm of a task's time. */
const spread = 0.15;

export function workflow(factors: string, random: () => number): JobSpec {
  const entries = stages.flatMap(({ name, tasks, seconds }, template) =>
    Array.from({ length: tasks }, (_, index) =>
      bareEntry(`${name}-${index}`, template, { SPEND: spent(seconds, random) }),
    ),
  );
  const edges: Edge[] = [];
  let first = 0;
  for (const [stage, { tasks }] of stages.entries()) {
    const next = first + tasks;
    for (let to = next; to < next + (stages[stage + 1]?.tasks ?? 0); to++) {
      for (let from = first; from < next; from++) edges.push({ from, to, on: "success" });
    }
    first = next;
  }
  const templates = stages.map(({ name }) => spending(name, factors));
  return bareJob({ name: "closed-loop", namespace: "default", templates, tasks: entries, edges });
}

/** An array of tasks that all take about as long, none waiting for another. */
export function array(
  factors: string,
  tasks: number,
  seconds: number,
  random: () => number,
): JobSpec {
  const entries = Array.from({ length: tasks }, (_, index) =>
    bareEntry(`step-${index}`, 0, { SPEND: spent(seconds, random) }),
  );
  const templates = [spending("step", factors)];
  return bareJob({ name: "steps", namespace: "default", templates, tasks: entries, edges: [] });
}

/** How many times as long everything takes on a worker, from now on. */
export function slow(factors: string, worker: string, factor: number): void {
  writeFileSync(join(factors, worker), String(factor));
}

const spending = (name: string, factors: string): TaskTemplate => ({
  ...benchTemplate(shell(`${factorOf(factors)} exec sleep "$(${product})"`), 1),
  name,
  estimate: null,
});

const factorOf = (factors: string): string => `factor=$(cat ${factors}/$ALMANAC_WORKER);`;
const product = `awk "BEGIN { print $SPEND * $factor }"`;

/** Log-normal about the typical time, by the sum of uniform numbers. */
function spent(seconds: number, random: () => number): string {
  let normal = -6;
  for (let draw = 0; draw < 12; draw++) normal += random();
  return (seconds * Math.exp(spread * normal)).toFixed(3);
}
