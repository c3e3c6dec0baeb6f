/** The planner's problem as a peer is told of it, and its answer as a plan that can be checked. */
import { checkPlan } from "../../core/check.js";
import { emptyPlan, type Plan } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";
import { transferTicks } from "../../core/transfer.js";
import type { Outcome } from "../solve/portfolio.js";

export interface PeerModel {
  readonly dimensions: number;
  readonly capacity: readonly (readonly number[])[];
  readonly classOf: readonly number[];
  readonly tasks: readonly { readonly release: number; readonly options: readonly PeerOption[] }[];
  /** From, to, lag, transfer between different workers. */
  readonly edges: readonly (readonly [number, number, number, number])[];
  /** Capacity, and 1 where it is consumed for good. */
  readonly pools: readonly (readonly [number, number])[];
}

export interface PeerOption {
  /** Among all options. */
  readonly index: number;
  readonly class: number;
  readonly worker: number;
  readonly duration: number;
  readonly demand: readonly number[];
  readonly pools: readonly (readonly [number, number])[];
}

/** A string says what of the problem no peer is told. */
export function peerModel(problem: Problem): PeerModel | string {
  const { tasks, workers, edges, weights, dimensions } = problem;
  const foreign =
    problem.blocks.count + problem.gpuRequests.count + problem.groups.count > 0 ||
    problem.links.count > 1 ||
    tasks.state.some((state) => state !== 0) ||
    tasks.hardDue.some((due) => due !== none) ||
    tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY) ||
    tasks.poolIndex.length > 0;
  if (foreign) return "the problem has features of a cluster that peers are not told of";
  if (weights.makespan !== 1 || weights.flow + weights.tardiness + weights.cost > 0) {
    return "peers minimise the makespan alone";
  }
  const d = dimensions.length;
  const columns = Array.from(workers.classOf);
  return {
    dimensions: d,
    capacity: columns.map((_, worker) =>
      Array.from(workers.capacity.subarray(worker * d, (worker + 1) * d)),
    ),
    classOf: columns,
    tasks: Array.from(tasks.block, (block, task) => ({
      release: tasks.release[task] as number,
      options: block === none ? [] : optionsOf(problem, block),
    })),
    edges: Array.from(edges.from, (from, edge) => {
      const transfer = workers.count > 1 ? transferTicks(problem, edge, 0, 1) : 0;
      return [from, edges.to[edge] as number, edges.lag[edge] as number, transfer] as const;
    }),
    pools: Array.from(problem.pools.capacity, (capacity, pool) => [
      capacity,
      problem.pools.consumable[pool] as number,
    ]),
  };
}

function optionsOf({ options, dimensions }: Problem, block: number): PeerOption[] {
  const first = options.blockFirst[block] as number;
  const count = (options.blockFirst[block + 1] as number) - first;
  return Array.from({ length: count }, (_, place) => {
    const index = first + place;
    const row = (options.demandRow[index] as number) * dimensions.length;
    const pools: [number, number][] = [];
    const after = options.poolFirst[index + 1] as number;
    for (let at = options.poolFirst[index] as number; at < after; at++) {
      pools.push([options.poolIndex[at] as number, options.poolAmount[at] as number]);
    }
    return {
      index,
      class: options.class[index] as number,
      worker: options.worker[index] as number,
      duration: options.duration[index] as number,
      demand: Array.from(options.demand.subarray(row, row + dimensions.length)),
      pools,
    };
  });
}

/** Option, worker and start of each task; -1 for what a milestone has not. */
export type Places = readonly (readonly [number, number, number])[];

export function planOfPlaces(problem: Problem, places: Places): Plan {
  const plan = emptyPlan(problem.tasks.count);
  places.forEach(([option, worker, start], task) => {
    plan.option[task] = option;
    plan.worker[task] = worker;
    plan.start[task] = start;
    plan.end[task] = start + (problem.options.duration[option] ?? 0);
  });
  return plan;
}

export interface PeerAnswer {
  readonly status: Outcome["status"];
  /** In ticks, like `firstValue`. */
  readonly bound: number;
  readonly firstValue: number | null;
  readonly firstMs: number | null;
  readonly wallMs: number;
  readonly work: number;
  readonly places: Places | null;
  readonly note: string;
}

/** A peer's plan is believed no more than ours: its value is that of the check. */
export function outcomeOf(problem: Problem, solver: string, answer: PeerAnswer): Outcome {
  const seconds = problem.tickMs / 1000;
  const { status, firstMs, wallMs, work, note } = answer;
  const common = {
    bound: answer.bound * seconds,
    firstValue: answer.firstValue === null ? null : answer.firstValue * seconds,
    firstMs,
    wallMs,
    work,
    note,
  };
  if (answer.places === null) {
    return { ...common, plan: null, value: null, status, solver: null, valid: false };
  }
  const plan = planOfPlaces(problem, answer.places);
  const { violations, evaluation } = checkPlan(problem, plan);
  return {
    ...common,
    plan,
    value: evaluation.value,
    status,
    solver,
    valid: violations.length === 0,
    note: violations.length === 0 ? note : JSON.stringify(violations[0]),
  };
}

export const failedPeer = (note: string): PeerAnswer => ({
  status: "failed",
  bound: 0,
  firstValue: null,
  firstMs: null,
  wallMs: 0,
  work: 0,
  places: null,
  note,
});
