/**
 * Exact solver for small problems: HiGHS (MIT licence, https://highs.dev) as WebAssembly on the
 * model of model.ts. The engine's numbers are not trusted: of a solution only order and workers are
 * taken, and decoded anew in whole ticks; a dual bound is rounded down by more than the tolerances
 * could have moved it, then up to the next value that a plan can have.
 */
import type { Highs, Model, ModelData } from "highs";
import { evaluate } from "../../../core/check.js";
import type { Plan } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import { assert } from "../../../core/result.js";
import { planOfDraft } from "../../schedule/candidate.js";
import { createDraft, type Draft, decodeDraft } from "../../schedule/draft.js";
import { orderByKeys } from "../../schedule/orders.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { type ExactInput, exactInput } from "./activities.js";
import { declinesExact } from "./declines.js";
import { loadEngine } from "./engine.js";
import { buildModel, type ExactModel } from "./model.js";
import { solutionOf } from "./start-solution.js";

/** A node of the tree costs about as much as this many probes of the greedy search. */
const workUnitsPerNode = 2_000;
const nodesMax = 2 ** 31 - 1;
/** Relative to the dual bound; feasibility and integrality are kept to far less. */
const boundSlack = 2e-7;
const tolerance = 1e-9;

export async function loadExactSolver(): Promise<Solver> {
  const highs = await loadEngine();
  return {
    name: "exact-highs",
    deterministic: false,
    declines: declinesExact,
    start: (problem, seed) => startExact(highs, problem, seed),
  };
}

interface ExactRun {
  readonly highs: Highs;
  readonly input: ExactInput;
  readonly draft: Draft;
  readonly seed: number;
  plan: Plan | null;
  /** The best plan that the others know: found by them, or told to them within a step. */
  told: Plan | null;
  value: number;
  bound: number;
  /** Of the search tree, in the last step; the root counts. */
  nodes: number;
}

function startExact(highs: Highs, problem: Problem, seed: number): SolverRun {
  const input = exactInput(problem);
  assert(typeof input !== "string", `a declined problem is not started: ${String(input)}`);
  const run: ExactRun = {
    highs,
    input,
    draft: createDraft(input.kernel),
    seed,
    plan: null,
    told: null,
    value: Number.POSITIVE_INFINITY,
    bound: 0,
    nodes: 0,
  };
  return { step: (workUnits, shared) => solve(run, workUnits, shared) };
}

/** One run of the engine; a further step starts it again from the best plan, with a new budget. */
function solve(run: ExactRun, workUnits: number, shared: Shared): StepReport {
  const { highs, input } = run;
  if (shared.plan !== null && shared.value < run.value) {
    run.plan = shared.plan;
    run.told = shared.plan;
    run.value = shared.value;
  }
  const model = buildModel(input, run.value);
  const nodes = Math.min(nodesMax, Math.max(1, Math.floor(workUnits / workUnitsPerNode)));
  const done = highs.withModel<boolean>(modelData(model), (engineModel: Model): boolean => {
    engineModel.options.set({
      output_flag: false,
      random_seed: run.seed & 0x7fff_ffff,
      mip_max_nodes: nodes,
      mip_rel_gap: 0,
      mip_abs_gap: model.integral ? 0.99 : 1e-6,
      mip_feasibility_tolerance: tolerance,
      primal_feasibility_tolerance: tolerance,
    });
    if (run.plan !== null) engineModel.setSolution({ colValue: solutionOf(model, run.plan) });
    runEngine(run, model, engineModel, shared);
    return conclude(run, model, engineModel);
  });
  const improved = run.plan !== run.told && run.value < shared.value ? run.plan : null;
  run.told = run.plan;
  return {
    workUnits: Math.min(workUnits, run.nodes * workUnitsPerNode),
    improved,
    bound: run.bound,
    done,
  };
}

function modelData(model: ExactModel): ModelData {
  const { rows } = model;
  return {
    numCols: rows.columns,
    numRows: rows.rowLower.length,
    colCost: Float64Array.from(rows.costs),
    colLower: Float64Array.from(rows.lower),
    colUpper: Float64Array.from(rows.upper),
    rowLower: Float64Array.from(rows.rowLower),
    rowUpper: Float64Array.from(rows.rowUpper),
    integrality: Int32Array.from(rows.integer, (integer) => (integer ? 1 : 0)),
    matrix: {
      format: "csr",
      numRows: rows.rowLower.length,
      numCols: rows.columns,
      starts: Int32Array.from(rows.starts),
      indices: Int32Array.from(rows.indices),
      values: Float64Array.from(rows.values),
    },
  };
}

function runEngine(run: ExactRun, model: ExactModel, engineModel: Model, shared: Shared): void {
  const { callbackType } = run.highs.constants;
  engineModel.run({
    [callbackType.mipImprovingSolution]: (event) => {
      const { mip_solution: solution } = event.data;
      if (solution !== undefined && takeSolution(run, model, solution)) {
        shared.progress({ improved: run.plan, bound: run.bound });
        run.told = run.plan;
      }
      return undefined;
    },
    [callbackType.mipInterrupt]: (event) => {
      const { mip_dual_bound: dual } = event.data;
      const before = run.bound;
      if (dual !== undefined) raiseBound(run, model, dual);
      if (run.bound > before * (1 + 1e-4)) shared.progress({ improved: null, bound: run.bound });
      if (shared.interrupted()) event.interrupt();
      return undefined;
    },
  });
}

/** True if optimality is proven, or that nothing is better than what was known. */
function conclude(run: ExactRun, model: ExactModel, engineModel: Model): boolean {
  const { modelStatus } = run.highs.constants;
  const status = engineModel.getModelStatus();
  run.nodes = Math.max(1, Number(engineModel.info.get("mip_node_count") ?? 1));
  if (status === modelStatus.infeasible || status === modelStatus.unboundedOrInfeasible) {
    // The model holds all plans that are no worse than the known one.
    run.bound = Math.max(run.bound, Number.isFinite(run.value) ? run.value * (1 - boundSlack) : 0);
    return true;
  }
  const { colValue } = engineModel.getSolution();
  if (colValue.length === model.rows.columns) takeSolution(run, model, colValue);
  const dual = engineModel.info.get("mip_dual_bound");
  if (typeof dual === "number") raiseBound(run, model, dual);
  return status === modelStatus.optimal;
}

function raiseBound(run: ExactRun, model: ExactModel, dual: number): void {
  if (!Number.isFinite(dual) || Math.abs(dual) > 1e15) return;
  const safe = dual - boundSlack * Math.max(1, Math.abs(dual));
  // Two hundredths of a unit are far more than sums of a few hundred tolerances.
  const rounded = model.integral ? Math.ceil(safe - 0.02) : safe;
  const bound = rounded * model.valueUnit + model.offset;
  // Sums of floating numbers differ in their last bits: stay below.
  run.bound = Math.max(run.bound, bound - 1e-12 * Math.abs(bound));
}

/** Decodes order and workers of a solution; true if that is better than what is known. */
function takeSolution(run: ExactRun, model: ExactModel, solution: Float64Array): boolean {
  const { input, draft } = run;
  const { kernel, activities } = input;
  const { problem } = kernel;
  const keys = Float64Array.from(model.startColumn, (column, task) =>
    column === none
      ? (problem.tasks.fixedStart[task] as number)
      : (solution[column] ?? 0) * model.ticksPerUnit,
  );
  const choice = {
    option: new Int32Array(problem.tasks.count).fill(none),
    worker: new Int32Array(problem.tasks.count).fill(none),
  };
  model.placeColumns.forEach((columns, index) => {
    const activity = activities[index];
    if (activity === undefined || activity.fixed !== null) return;
    let most = -1;
    columns.forEach((column, place) => {
      const weight = solution[column] ?? 0;
      if (weight <= most) return;
      most = weight;
      choice.option[activity.task] = activity.places[place]?.option ?? none;
      choice.worker[activity.task] = activity.places[place]?.worker ?? none;
    });
  });
  const order = orderByKeys(kernel, keys);
  const found = decodeDraft(kernel, draft, order, choice, run.value);
  // With misses it has a value, but is no plan.
  if (found === Number.POSITIVE_INFINITY || draft.misses > 0) return false;
  const plan = planOfDraft(kernel, draft);
  const { value } = evaluate(problem, plan);
  if (value >= run.value) return false;
  run.plan = plan;
  run.value = value;
  return true;
}
