/** HiGHS on R||Cmax, in a thread that can be ended: min C, each job once, each load at most C. */
import { parentPort } from "node:worker_threads";
import loader, { type Highs, type ModelData } from "highs";
import { assert } from "../../core/result.js";

/** Durations of jobs on machines; Infinity where a job may not run. */
export interface HighsRequest {
  readonly durations: readonly (readonly number[])[];
  readonly seconds: number;
  readonly seed: number;
}

export interface HighsNews {
  readonly kind: "incumbent" | "end";
  /** Machine of each job; null: no solution, or none better. */
  readonly machineOf: readonly number[] | null;
  readonly bound: number;
  readonly isOptimal: boolean;
  readonly wallMs: number;
  readonly nodes: number;
}

const port = parentPort;
assert(port !== null, "a thread has a parent");
const load: unknown = loader;
assert(typeof load === "function", "the highs package exports its loader");
const highs: Highs = await load();
port.on("message", (request: HighsRequest) => solve(request));
port.postMessage("ready");

function solve({ durations, seconds, seed }: HighsRequest): void {
  const startedMs = performance.now();
  const machines = durations[0]?.length ?? 0;
  const columns = durations.length * machines;
  let bound = 0;
  const tell = (news: Partial<HighsNews>): void => {
    const wallMs = performance.now() - startedMs;
    const plain = { kind: "incumbent", machineOf: null, bound, isOptimal: false, nodes: 0 };
    port?.postMessage({ ...plain, wallMs, ...news });
  };
  const { callbackType, modelStatus } = highs.constants;
  let machineOf: readonly number[] | null = null;
  let nodes = 0;
  const isOptimal = highs.withModel<boolean>(modelOf(durations), (model): boolean => {
    model.options.set({
      output_flag: false,
      time_limit: seconds,
      random_seed: seed & 0x7fff_ffff,
      mip_rel_gap: 0,
      mip_abs_gap: 0.99,
    });
    model.run({
      [callbackType.mipImprovingSolution]: (event) => {
        const { mip_solution: solution } = event.data;
        if (solution !== undefined) tell({ machineOf: machinesOf(solution, machines) });
        return undefined;
      },
      [callbackType.mipInterrupt]: (event) => {
        bound = Math.max(bound, event.data.mip_dual_bound ?? 0);
        return undefined;
      },
    });
    const { colValue } = model.getSolution();
    const dual = model.info.get("mip_dual_bound");
    if (typeof dual === "number" && Math.abs(dual) < 1e15) bound = Math.max(bound, dual);
    if (colValue.length === columns + 1) machineOf = machinesOf(colValue, machines);
    nodes = Number(model.info.get("mip_node_count") ?? 0);
    return model.getModelStatus() === modelStatus.optimal;
  });
  tell({ kind: "end", machineOf, isOptimal, nodes });
}

function modelOf(durations: HighsRequest["durations"]): ModelData {
  const jobs = durations.length;
  const machines = durations[0]?.length ?? 0;
  const makespan = jobs * machines;
  const starts: number[] = [];
  const indices: number[] = [];
  const values: number[] = [];
  for (let job = 0; job < jobs; job++) {
    starts.push(indices.length);
    for (let machine = 0; machine < machines; machine++) {
      indices.push(job * machines + machine);
      values.push(1);
    }
  }
  for (let machine = 0; machine < machines; machine++) {
    starts.push(indices.length);
    durations.forEach((row, job) => {
      const duration = row[machine] ?? 0;
      if (!Number.isFinite(duration)) return;
      indices.push(job * machines + machine);
      values.push(duration);
    });
    indices.push(makespan);
    values.push(-1);
  }
  starts.push(indices.length);
  const possible = durations.flat().map((duration) => (Number.isFinite(duration) ? 1 : 0));
  return {
    numCols: makespan + 1,
    numRows: jobs + machines,
    colCost: Float64Array.from({ length: makespan + 1 }, (_, column) => +(column === makespan)),
    colLower: new Float64Array(makespan + 1),
    colUpper: Float64Array.from([...possible, Number.POSITIVE_INFINITY]),
    rowLower: Float64Array.from({ length: jobs + machines }, (_, row) =>
      row < jobs ? 1 : Number.NEGATIVE_INFINITY,
    ),
    rowUpper: Float64Array.from({ length: jobs + machines }, (_, row) => +(row < jobs)),
    integrality: Int32Array.from({ length: makespan + 1 }, (_, column) => +(column < makespan)),
    matrix: {
      format: "csr",
      numRows: jobs + machines,
      numCols: makespan + 1,
      starts: Int32Array.from(starts),
      indices: Int32Array.from(indices),
      values: Float64Array.from(values),
    },
  };
}

function machinesOf(solution: Float64Array, machines: number): number[] {
  const jobs = Math.floor(solution.length / machines);
  return Array.from({ length: jobs }, (_, job) => {
    const row = solution.subarray(job * machines, (job + 1) * machines);
    return row.indexOf(Math.max(...row));
  });
}
