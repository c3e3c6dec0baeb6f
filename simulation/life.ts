/**
 * One life of a cluster from one seed: work comes in while things go wrong; then nothing goes wrong
 * any more, and everything must come to its end. What broke is in the result, with nothing thrown.
 */
import { randomInteger, seededRandom } from "../core/random.js";
import type { ClusterSettings } from "../master/pure/events.js";
import { defaultSettings } from "../master/pure/genesis.js";
import type { Solver } from "../planner/solver.js";
import { checkAll, type Violation } from "./checks/checks.js";
import { historyOf } from "./checks/history.js";
import type { WorkerShape } from "./cluster/worker.js";
import { arm, drawFaults, type Fault } from "./faults.js";
import { armBrokenNode, armModels, armPauses, resumeAll, withPolicies } from "./policies.js";
import { drawWorkload } from "./workload.js";
import { World } from "./world.js";

export interface LifeOptions {
  readonly seed: number;
  readonly tasks: number;
  readonly faults: number;
  readonly solvers: readonly Solver[];
  readonly onTrace?: (line: string) => void;
}

export interface LifeResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly simulatedMs: number;
  readonly tasks: number;
  readonly attempts: number;
  readonly events: number;
  /** Jobs that left memory for the archive. */
  readonly archived: number;
  readonly faults: readonly Fault[];
}

/** Between the seeds of a life and of its policies. */
const policiesApart = 1_000_003;
/** While work comes in and things go wrong. */
const stormMs = 120_000;
/** After it, everything must be over within this. */
const quietMs = 30 * 60_000;
/** When all is over, every worker must be found connected after this. */
const settlingMs = 60_000;
/** A pool that is used up, never to its end. */
const fuel = "fuel";

export async function live(options: LifeOptions): Promise<LifeResult> {
  const random = seededRandom(options.seed);
  const workers = drawWorkers(random);
  const settings: ClusterSettings = {
    ...defaultSettings,
    pools: [
      { name: "licence", capacity: 2 },
      { name: fuel, capacity: 1_000_000, consumable: true },
    ],
  };
  const policies = seededRandom(options.seed + policiesApart);
  const submissions = drawWorkload(random, options.tasks, stormMs * 0.8).map((one) => ({
    ...one,
    spec: withPolicies(policies, one.spec),
  }));
  const faults = drawFaults(random, options.faults, stormMs);
  const world = new World({
    seed: options.seed,
    settings,
    workers,
    solvers: options.solvers,
    ...(options.onTrace && { onTrace: options.onTrace }),
  });
  const failed = (error: unknown): void => {
    world.witness.errors.push(
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  };
  process.on("unhandledRejection", failed);
  try {
    world.master.start();
    for (const node of world.nodes) world.time.at(random() * 1_000, () => node.powerOn());
    for (const { atMs, key, spec } of submissions) {
      world.time.at(atMs, () => world.user.submit(key, spec));
    }
    arm(world, faults);
    armPauses(world, policies, stormMs);
    armBrokenNode(world, policies, stormMs);
    armModels(world, policies, stormMs);
    await world.time.run(stormMs);
    world.calm();
    resumeAll(world);
    await world.time.run(stormMs + quietMs, () => isOver(world, submissions.length));
    await world.time.run(world.time.nowMs + settlingMs);
  } catch (error) {
    failed(error);
  } finally {
    process.off("unhandledRejection", failed);
  }
  const history = historyOf(world.durable);
  const violations = checkAll({
    witness: world.witness,
    history,
    capacities: new Map(world.nodes.map((node) => [node.shape.name, node.capacity])),
    pools: new Map([["licence", 2]]),
    consumed: new Map([[fuel, world.master.state?.poolConsumed.get(fuel) ?? 0]]),
    endedAtMs: world.time.nowMs,
    archived: world.master.archivedStates,
  });
  return {
    seed: options.seed,
    violations,
    traceHash: world.traceHash(),
    simulatedMs: world.time.nowMs,
    tasks: history.tasks.size,
    attempts: world.witness.runs.length,
    events: world.durable.length,
    archived: world.durable.filter(({ event }) => event.type === "JobArchived").length,
    faults,
  };
}

function drawWorkers(random: () => number): WorkerShape[] {
  return Array.from({ length: 3 + randomInteger(random, 4) }, (_, index) => ({
    name: `node-${index}`,
    cpus: 2 + randomInteger(random, 3),
    memoryBytes: (1 + randomInteger(random, 3)) * 2 ** 30,
    speed: 0.5 + random(),
    labels: { zone: `z${index % 2}` },
  }));
}

/** Every job is acknowledged, and its end durable. */
const isOver = ({ witness, jobsOpen }: World, submitted: number): boolean =>
  jobsOpen.size === 0 && witness.acknowledged.length >= submitted;
