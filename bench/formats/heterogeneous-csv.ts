/**
 * Worked examples of HEFT and PEFT: three tables, `*_task_connectivity.csv` (data on each edge),
 * `*_task_exe_time.csv` (time of each task on each processor) and `*_resource_BW.csv` (bandwidth
 * between processors, here the same for all).
 */
import type { Read } from "./instance.js";
import { FormatError } from "./numbers.js";
import { type GraphEdge, graphProblem } from "./processors.js";

export interface HeterogeneousTables {
  readonly connectivity: string;
  readonly times: string;
  readonly bandwidth: string;
}

export function readHeterogeneous(tables: HeterogeneousTables): Read {
  const data = table(tables.connectivity);
  const times = table(tables.times);
  const between = table(tables.bandwidth).flatMap((row, from) =>
    row.filter((_, to) => to !== from),
  );
  const [bandwidth = 1] = between;
  if (between.some((one) => one !== bandwidth || one <= 0)) {
    throw new FormatError("bandwidths that differ between processors");
  }
  if (data.length !== times.length) throw new FormatError("tables of different length");
  const edges: GraphEdge[] = [];
  data.forEach((row, from) => {
    row.forEach((amount, to) => {
      // Zero says that there is no edge.
      if (amount > 0) edges.push({ from, to, transfer: Math.ceil(amount / bandwidth) });
    });
  });
  const tasks = times.map((duration, name) => ({ name, duration }));
  return graphProblem({ tasks, edges, processors: times[0]?.length ?? 0 });
}

/** Numbers without the names in the first row and column. */
const table = (text: string): number[][] =>
  text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(",").slice(1).map(Number));
