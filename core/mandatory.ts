/** What of a problem every feasible plan must hold: for bounds, which may not count on the rest. */
import { graphOf } from "./graph.js";
import { none, type Problem, taskRunning } from "./problem.js";

/**
 * The problem without the tasks that may be left out. A task is mandatory if its price is infinite,
 * if it runs already, or if a mandatory task (other than a milestone) waits for it. Every plan of the
 * whole problem is worth at least as much as the best plan of this one. Groups are dropped: fewer
 * constraints, so bounds stay valid. Returns the problem itself where nothing may be left out.
 */
export function mandatoryPart(problem: Problem): Problem {
  const { tasks } = problem;
  if (!tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) return problem;
  const kept = mandatoryTasks(problem);
  if (kept.length === tasks.count) return problem;
  const row = new Int32Array(tasks.count).fill(none);
  kept.forEach((task, index) => {
    row[task] = index;
  });
  const edges = keptEdges(problem, row);
  return {
    ...problem,
    tasks: keptTasks(problem, kept),
    edges,
    groups: {
      count: 0,
      kind: new Uint8Array(0),
      level: new Uint8Array(0),
      first: new Uint32Array(1),
      member: new Uint32Array(0),
    },
  };
}

function mandatoryTasks(problem: Problem): number[] {
  const { tasks } = problem;
  const isMandatory = Array.from(
    { length: tasks.count },
    (_, task) =>
      tasks.skipPrice[task] === Number.POSITIVE_INFINITY ||
      tasks.state[task] === taskRunning ||
      tasks.block[task] === none,
  );
  const { topological, predecessorFirst, predecessor } = graphOf(problem);
  for (let place = topological.length - 1; place >= 0; place--) {
    const task = topological[place] as number;
    if (!isMandatory[task]) continue;
    if (tasks.block[task] === none || tasks.state[task] === taskRunning) continue;
    const last = predecessorFirst[task + 1] as number;
    for (let at = predecessorFirst[task] as number; at < last; at++) {
      isMandatory[predecessor[at] as number] = true;
    }
  }
  return isMandatory.flatMap((is, task) => (is ? [task] : []));
}

function keptEdges({ edges }: Problem, row: Int32Array): Problem["edges"] {
  const kept: number[] = [];
  for (let edge = 0; edge < edges.count; edge++) {
    const inside =
      row[edges.from[edge] as number] !== none && row[edges.to[edge] as number] !== none;
    if (inside) kept.push(edge);
  }
  return {
    count: kept.length,
    from: Uint32Array.from(kept, (edge) => row[edges.from[edge] as number] as number),
    to: Uint32Array.from(kept, (edge) => row[edges.to[edge] as number] as number),
    lag: Int32Array.from(kept, (edge) => edges.lag[edge] as number),
    fixed: Int32Array.from(kept, (edge) => edges.fixed[edge] as number),
    kib: Float64Array.from(kept, (edge) => edges.kib[edge] as number),
  };
}

function keptTasks({ tasks }: Problem, kept: readonly number[]): Problem["tasks"] {
  const int32 = (column: Int32Array): Int32Array =>
    Int32Array.from(kept, (task) => column[task] as number);
  const uint32 = (column: Uint32Array): Uint32Array =>
    Uint32Array.from(kept, (task) => column[task] as number);
  const float64 = (column: Float64Array): Float64Array =>
    Float64Array.from(kept, (task) => column[task] as number);
  const uses = kept.map((task) => {
    const first = tasks.poolFirst[task] as number;
    const length = (tasks.poolFirst[task + 1] as number) - first;
    return Array.from({ length }, (_, entry) => first + entry);
  });
  const poolFirst = new Uint32Array(kept.length + 1);
  uses.forEach((list, index) => {
    poolFirst[index + 1] = (poolFirst[index] as number) + list.length;
  });
  return {
    count: kept.length,
    ids: kept.map((task) => tasks.ids[task] ?? ""),
    job: uint32(tasks.job),
    block: int32(tasks.block),
    release: int32(tasks.release),
    due: int32(tasks.due),
    tardinessWeight: float64(tasks.tardinessWeight),
    hardDue: int32(tasks.hardDue),
    skipPrice: float64(tasks.skipPrice),
    flowWeight: float64(tasks.flowWeight),
    moveWeight: float64(tasks.moveWeight),
    priority: int32(tasks.priority),
    state: Uint8Array.from(kept, (task) => tasks.state[task] as number),
    fixedWorker: int32(tasks.fixedWorker),
    fixedOption: int32(tasks.fixedOption),
    fixedStart: int32(tasks.fixedStart),
    fixedEnd: int32(tasks.fixedEnd),
    fixedDevices: uint32(tasks.fixedDevices),
    previousWorker: int32(tasks.previousWorker),
    previousOption: int32(tasks.previousOption),
    previousStart: int32(tasks.previousStart),
    poolFirst,
    poolIndex: Uint16Array.from(uses.flat(), (entry) => tasks.poolIndex[entry] as number),
    poolAmount: Int32Array.from(uses.flat(), (entry) => tasks.poolAmount[entry] as number),
  };
}
