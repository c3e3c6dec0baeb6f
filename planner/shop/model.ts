/**
 * A shop as typed arrays: operations, the workers (machines) that each may run on and how long, and
 * the precedence among them. Operations are the tasks that do not run yet, milestones included; what
 * runs is turned into release times of its successors and of its worker.
 *
 * Index `count` of the per-operation arrays of a schedule stands for "no operation".
 */
import { openGraphOf } from "../../core/graph.js";
import { none, type Problem, taskRunning } from "../../core/problem.js";
import { isPinned } from "./declines.js";

export interface ShopModel {
  readonly problem: Problem;
  /** Operations. */
  readonly count: number;
  readonly machines: number;
  readonly taskOf: Int32Array;
  /** [count + 1] offsets into the ways to run each operation; none for milestones. */
  readonly wayFirst: Int32Array;
  readonly wayMachine: Int32Array;
  readonly wayDuration: Int32Array;
  /** Index of the problem's option. */
  readonly wayOption: Int32Array;
  /** Operations whose every way takes no time: they stand in nobody's way, in no sequence. */
  readonly isInstant: Uint8Array;
  /** [count + 1] offsets into `before` and `beforeLag`: what an operation waits for. */
  readonly beforeFirst: Int32Array;
  readonly before: Int32Array;
  readonly beforeLag: Int32Array;
  readonly afterFirst: Int32Array;
  readonly after: Int32Array;
  readonly afterLag: Int32Array;
  readonly release: Int32Array;
  /** When what runs now leaves each machine. */
  readonly ready: Int32Array;
  /** Operations that nothing waits for: the last of them ends the schedule. */
  readonly sinks: Int32Array;
  /** Every operation after those it waits for. */
  readonly topological: Int32Array;
  /** Nothing but durations stands between operations: no lags, releases or machines in use. */
  readonly isTight: boolean;
  /** No schedule ends before this: what runs now. */
  readonly floor: number;
  /** Some operation can run nowhere, or the precedence has a cycle. */
  readonly isImpossible: boolean;
}

export function shopModel(problem: Problem): ShopModel {
  const { tasks } = problem;
  const taskOf: number[] = [];
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning) taskOf.push(task);
  }
  const count = taskOf.length;
  const graph = openGraphOf(problem, taskOf);
  const ways = waysOf(problem, taskOf);
  const sinks = taskOf.flatMap((_, op) =>
    graph.successorFirst[op] === graph.successorFirst[op + 1] ? [op] : [],
  );
  const facts = factsOf(problem);
  const waits = [graph.release, graph.predecessorLag, facts.ready];
  return {
    problem,
    count,
    machines: problem.workers.count,
    taskOf: Int32Array.from(taskOf),
    ...ways,
    beforeFirst: graph.predecessorFirst,
    before: graph.predecessor,
    beforeLag: graph.predecessorLag,
    afterFirst: graph.successorFirst,
    after: graph.successor,
    afterLag: graph.successorLag,
    release: graph.release,
    ...facts,
    isTight: waits.every((column) => column.every((ticks) => ticks === 0)),
    sinks: Int32Array.from(sinks),
    topological: graph.topological,
    isImpossible: ways.isStuck || graph.topological.length < count,
  };
}

/** Of several ways on one machine the shortest alone matters to the makespan. */
function waysOf(problem: Problem, taskOf: readonly number[]) {
  const { tasks, options } = problem;
  const members = membersOfClasses(problem);
  const machine: number[] = [];
  const duration: number[] = [];
  const chosen: number[] = [];
  const first = new Int32Array(taskOf.length + 1);
  const isInstant = new Uint8Array(taskOf.length);
  const placeOf = new Int32Array(problem.workers.count).fill(none);
  let isStuck = false;
  taskOf.forEach((task, op) => {
    const begin = machine.length;
    const add = (option: number, worker: number): void => {
      if (!fits(problem, option, worker)) return;
      const place = placeOf[worker] as number;
      const length = options.duration[option] as number;
      if (place >= begin) {
        if (length >= (duration[place] as number)) return;
        duration[place] = length;
        chosen[place] = option;
        return;
      }
      placeOf[worker] = machine.push(worker) - 1;
      duration.push(length);
      chosen.push(option);
    };
    const block = tasks.block[task] as number;
    if (block !== none && isPinned(problem, task)) {
      add(tasks.previousOption[task] as number, tasks.previousWorker[task] as number);
    } else if (block !== none) {
      const last = options.blockFirst[block + 1] as number;
      for (let option = options.blockFirst[block] as number; option < last; option += 1) {
        const worker = options.worker[option] as number;
        if (worker !== none) add(option, worker);
        else for (const each of members[options.class[option] as number] ?? []) add(option, each);
      }
    }
    first[op + 1] = machine.length;
    isInstant[op] = duration.slice(begin).every((length) => length === 0) ? 1 : 0;
    if (block !== none && machine.length === begin) isStuck = true;
  });
  return {
    wayFirst: first,
    wayMachine: Int32Array.from(machine),
    wayDuration: Int32Array.from(duration),
    wayOption: Int32Array.from(chosen),
    isInstant,
    isStuck,
  };
}

function fits({ options, workers, dimensions }: Problem, option: number, worker: number): boolean {
  const demand = (options.demandRow[option] as number) * dimensions.length;
  return dimensions.every(
    (_, d) =>
      (options.demand[demand + d] as number) <=
      (workers.capacity[worker * dimensions.length + d] as number),
  );
}

function membersOfClasses({ workers }: Problem): number[][] {
  const members: number[][] = [];
  workers.classOf.forEach((of, worker) => {
    while (members.length <= of) members.push([]);
    members[of]?.push(worker);
  });
  return members;
}

function factsOf({ tasks, workers }: Problem) {
  const ready = new Int32Array(workers.count);
  let floor = 0;
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning) continue;
    const end = tasks.fixedEnd[task] as number;
    const worker = tasks.fixedWorker[task] as number;
    floor = Math.max(floor, end);
    if (worker !== none) ready[worker] = Math.max(ready[worker] as number, end);
  }
  return { ready, floor };
}
