/** A small cluster and a script of what happens to it, at given instants of virtual time. */
import { bareEntry, bareJob } from "../../../core/bare-job.js";
import type { Edge, TaskTemplate } from "../../../core/job.js";
import { resources, template } from "../../../core/testing/jobs.js";
import { defaultSettings } from "../../../master/pure/genesis.js";
import { checkAll, type Violation } from "../../checks/checks.js";
import { type History, historyOf } from "../../checks/history.js";
import type { WorkerNode } from "../../cluster/worker.js";
import type { ProgramRun } from "../../witness.js";
import { World } from "../../world.js";

export interface Step {
  readonly atMs: number;
  readonly act: (world: World) => void;
}

export interface ScenarioOptions {
  readonly workers: number;
  /** Of each worker. */
  readonly cpus?: number;
  readonly steps: readonly Step[];
}

export interface Told {
  readonly world: World;
  readonly history: History;
  readonly violations: readonly Violation[];
  /** Programs that began for the task of this name, whatever its job. */
  runsOf(task: string): readonly ProgramRun[];
  /** How the task of this name ended, each time. */
  endsOf(task: string): readonly string[];
}

/** Everything must be over by then, in virtual time. */
const limitMs = 15 * 60_000;
/** For connections to be as they are to stay. */
const settlingMs = 60_000;

/** Lives the script to the end of every job. Rejects with what nobody caught. */
export async function tell({ workers, cpus = 4, steps }: ScenarioOptions): Promise<Told> {
  const shapes = Array.from({ length: workers }, (_, index) => ({
    name: `node-${index}`,
    cpus,
    memoryBytes: 2 ** 32,
    speed: 1,
    labels: {},
  }));
  const world = new World({ seed: 1, settings: defaultSettings, workers: shapes, solvers: [] });
  world.master.start();
  for (const node of world.nodes) world.time.at(10, () => node.powerOn());
  for (const { atMs, act } of steps) world.time.at(atMs, () => act(world));
  const lastMs = Math.max(0, ...steps.map(({ atMs }) => atMs));
  await world.time.run(lastMs);
  await world.time.run(limitMs, () => world.user.waiting === 0 && world.jobsOpen.size === 0);
  await world.time.run(world.time.nowMs + settlingMs);
  const history = historyOf(world.durable);
  const violations = checkAll({
    witness: world.witness,
    history,
    capacities: new Map(world.nodes.map((node) => [node.shape.name, node.capacity])),
    pools: new Map(),
    consumed: new Map(),
    endedAtMs: world.time.nowMs,
    archived: world.master.archivedStates,
  });
  const isOf = (id: string, name: string): boolean => id.slice(id.indexOf("/") + 1) === name;
  return {
    world,
    history,
    violations,
    runsOf: (name) => world.witness.runs.filter(({ task }) => isOf(task, name)),
    endsOf: (name) =>
      [...history.tasks.values()]
        .filter(({ id }) => isOf(id, name))
        .flatMap(({ ends }) => ends.map(({ state }) => state)),
  };
}

/** A program that lasts so long and exits with 0, and says of itself how it is. */
export function task(
  name: string,
  durationMs: number,
  change: Partial<TaskTemplate> & { readonly exitCode?: number } = {},
): TaskTemplate {
  const { exitCode = 0, ...rest } = change;
  return template(name, {
    command: {
      program: { kind: "argv", argv: ["simulate", String(durationMs), String(exitCode)] },
      env: {},
      workingDirectory: null,
      stdin: null,
      options: null,
    },
    resources: resources(1_000, 2 ** 26),
    estimate: { p50Ms: durationMs, p90Ms: 2 * durationMs },
    retry: { attemptsMax: 1, backoffMs: 500, backoffMaxMs: 5_000 },
    killGraceMs: 1_000,
    ...rest,
  });
}

/** Submitted at its time by a user who does not give up; `chain`: one after another. */
export function submit(
  atMs: number,
  key: string,
  templates: readonly TaskTemplate[],
  chain = false,
): Step {
  const edges: Edge[] = chain
    ? templates.slice(1).map((_, index) => ({ from: index, to: index + 1, on: "success" }))
    : [];
  const tasks = templates.map(({ name }, index) => bareEntry(name, index));
  const spec = bareJob({ name: key, namespace: "regressions", templates, tasks, edges });
  return { atMs, act: (world) => world.user.submit(key, spec) };
}

/** The worker that runs the task now. */
export function hostOf({ nodes, witness }: World, name: string): WorkerNode {
  const run = witness.runs.findLast(
    ({ task: id, endedAtMs }) => id.endsWith(`/${name}`) && endedAtMs === null,
  );
  const node = nodes.find(({ shape }) => shape.name === run?.worker);
  if (node === undefined) throw new Error(`${name} does not run`);
  return node;
}

/** Nothing gets through between the worker that runs the task now and the master, for so long. */
export const cutOff = (atMs: number, name: string, forMs: number): Step => ({
  atMs,
  act: (world) => {
    const worker = hostOf(world, name).shape.name;
    world.network.cut(worker, "master");
    world.network.cut("master", worker);
    world.time.at(world.time.nowMs + forMs, () => {
      world.network.mend(worker, "master");
      world.network.mend("master", worker);
    });
  },
});

export const killMaster = (atMs: number, how: "killed" | "power", awayMs: number): Step[] => [
  { atMs, act: ({ master }) => master.stop(how) },
  { atMs: atMs + awayMs, act: ({ master }) => master.start() },
];
