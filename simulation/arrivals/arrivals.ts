/**
 * A cluster to which workflows come one after another, from cold, while workers go down now and
 * then; and what came of the finish times that its master foresaw for them.
 */

import type { FinishRange } from "../../core/finish-calibration.js";
import type { JobId } from "../../core/ids.js";
import { fromUpperTail } from "../../core/normal.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import type { Recorded } from "../../master/pure/events.js";
import { forecast } from "../../master/pure/forecast.js";
import { defaultSettings } from "../../master/pure/genesis.js";
import type { State } from "../../master/pure/state.js";
import { jobSummary } from "../../master/pure/views.js";
import type { Solver } from "../../planner/solver.js";
import type { WorkerShape } from "../cluster/worker.js";
import { World } from "../world.js";
import { drawArrivals } from "./kinds.js";

export interface ArrivalsOptions {
  readonly seed: number;
  readonly jobs: number;
  /** With which share of what it can the cluster is kept busy. */
  readonly load: number;
  readonly solvers: readonly Solver[];
  /** Absent: as many as the master plays by itself. */
  readonly rollOutsMax?: number;
}

/** One job, in the order of arrival; other times are from its submission, in milliseconds. */
export interface Arrived {
  readonly kind: string;
  readonly state: string;
  /** Of the simulated clock. */
  readonly submittedAtMs: number;
  readonly tookMs: number;
  /** null: nothing was foreseen before something of it had ended. */
  readonly foreseen: Foreseen | null;
}

export interface Foreseen {
  /** How long after its submission. */
  readonly afterMs: number;
  /** Corrected by what came of earlier ones, and as roll-outs said it. */
  readonly given: FinishRange;
  readonly rolled: FinishRange;
  /** With every duration at its median, and at its p90; null: not known. */
  readonly stretched: FinishRange | null;
}

/** A worker loses its power about this often. */
const powerCutMeanMs = 600_000;
const awayMs = 30_000;
/** After the last arrival, everything is over by then. */
const lastMs = 3_600_000;

export async function arrive(options: ArrivalsOptions): Promise<readonly Arrived[]> {
  const { seed, jobs, load, solvers, rollOutsMax = Number.POSITIVE_INFINITY } = options;
  const random = seededRandom(seed);
  const workers = drawWorkers(random);
  const cpus = workers.reduce((sum, worker) => sum + worker.cpus * worker.speed, 0);
  const arrivals = drawArrivals(random, jobs, { cpus, share: load });
  const notes = new Notes();
  const world = new World({
    ...{ seed, settings: defaultSettings, workers, solvers, rollOutsMax },
    onRecorded: (events, state) => notes.take(events, state),
  });
  world.master.start();
  for (const node of world.nodes) world.time.at(random() * 1_000, () => node.powerOn());
  for (const { atMs, key, spec } of arrivals)
    world.time.at(atMs, () => world.user.submit(key, spec));
  const endMs = arrivals.at(-1)?.atMs ?? 0;
  armPowerCuts(world, random, endMs);
  await world.time.run(endMs);
  const isOver = (): boolean => world.jobsOpen.size === 0 && world.user.waiting === 0;
  await world.time.run(endMs + lastMs, isOver);
  if (world.witness.errors.length > 0) throw new Error(world.witness.errors.join("\n"));
  if (!isOver()) throw new Error(`seed ${seed}: ${world.jobsOpen.size} jobs never ended`);
  return notes.jobs();
}

function drawWorkers(random: () => number): WorkerShape[] {
  return Array.from({ length: 5 }, (_, index) => ({
    name: `node-${index}`,
    cpus: 4,
    memoryBytes: 2 ** 33,
    // Half as fast to twice as fast, most of them near 1.
    speed: 2 ** (0.5 * Math.max(-2, Math.min(2, fromUpperTail(Math.max(1e-9, random()))))),
    labels: {},
  }));
}

function armPowerCuts(world: World, random: () => number, untilMs: number): void {
  let atMs = 0;
  for (;;) {
    atMs += -Math.log(1 - random()) * powerCutMeanMs;
    if (atMs > untilMs) return;
    const node = world.nodes[randomInteger(random, world.nodes.length)];
    if (node === undefined) return;
    world.time.at(atMs, () => {
      if (!node.machine.isOn) return;
      node.cutPower();
      world.time.at(world.time.nowMs + awayMs, () => node.powerOn());
    });
  }
}

/** What was foreseen of each job and what came of it, from the events as they become durable. */
class Notes {
  readonly #jobs = new Map<JobId, { kind: string; atMs: number; foreseen: Foreseen | null }>();
  readonly #ends = new Map<JobId, { state: string; atMs: number }>();

  take(events: readonly Recorded[], state: State): void {
    for (const { event, atMs } of events) {
      if (event.type === "JobSubmitted") {
        this.#jobs.set(event.job, { kind: event.spec.name, atMs, foreseen: null });
      } else if (event.type === "JobEnded") {
        this.#ends.set(event.job, { state: event.state, atMs });
      } else if (event.type === "FinishForeseen") {
        const known = this.#jobs.get(event.job);
        if (known === undefined) continue;
        const { given, rolled, fromMs } = event;
        const afterMs = fromMs - known.atMs;
        known.foreseen = {
          afterMs,
          given: later(given, afterMs),
          rolled: later(rolled, afterMs),
          stretched: stretchedOf(state, event.job, known.atMs, atMs),
        };
      }
    }
  }

  jobs(): Arrived[] {
    return [...this.#jobs].flatMap(([id, { kind, atMs, foreseen }]) => {
      const end = this.#ends.get(id);
      return end === undefined
        ? []
        : [{ kind, state: end.state, submittedAtMs: atMs, tookMs: end.atMs - atMs, foreseen }];
    });
  }
}

const later = ({ p50Ms, p90Ms }: FinishRange, byMs: number): FinishRange => ({
  p50Ms: p50Ms + byMs,
  p90Ms: p90Ms + byMs,
});

/** As a master without roll-outs would say it. */
function stretchedOf(
  state: State,
  id: JobId,
  submittedAtMs: number,
  nowMs: number,
): FinishRange | null {
  const job = state.jobs.get(id);
  if (job === undefined) return null;
  const { finishP50AtMs, finishP90AtMs } = jobSummary(state, job, forecast(state, nowMs));
  if (finishP50AtMs === null || finishP90AtMs === null) return null;
  return { p50Ms: finishP50AtMs - submittedAtMs, p90Ms: finishP90AtMs - submittedAtMs };
}
