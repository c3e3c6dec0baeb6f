/**
 * javascript-lp-solver behind the port: a dense simplex in plain JavaScript, without the fixed price
 * of an engine in WebAssembly, so the fastest on tiny models. Past its time limit it has called
 * fractional solutions feasible, and on dense models it has run on: it is asked for small models
 * only, and believed only after the check.
 */
import loaded from "javascript-lp-solver";
import { checked, type LinearModel, type LpEngine, nothing } from "../linear-model.js";

type Program = ReturnType<typeof programOf>;

/** What is used of the package. */
interface Api {
  Solve(program: Program): Readonly<Record<string, unknown>>;
}

// The package declares the types of its CommonJS build for its ES module too, so the compiler
// believes the interface to be one level further down than it is.
const isApi = (value: unknown): value is Api =>
  typeof value === "object" &&
  value !== null &&
  "Solve" in value &&
  typeof value.Solve === "function";

const columnsMax = 60;
const rowsMax = 60;

export const javascriptLpSolver: LpEngine = {
  name: "javascript-lp-solver",
  solve(model, limits) {
    if (model.columns > columnsMax || model.rows > rowsMax) return nothing;
    // Its variables begin at 0, so each is shifted by its lower bound; it knows no free ones.
    if (!model.lower.every((lower) => Number.isFinite(lower))) return nothing;
    const api: unknown = loaded;
    if (!isApi(api)) return nothing;
    const said = api.Solve(programOf(model, limits.wallMs));
    if (said.feasible === false) {
      return checked(model, "infeasible", null, Number.POSITIVE_INFINITY);
    }
    if (said.bounded === false) return nothing;
    const solution = model.lower.map((lower, column) => {
      const value = said[`x${column}`];
      return lower + (typeof value === "number" ? value : 0);
    });
    const answer = checked(model, "optimal", solution, Number.NEGATIVE_INFINITY);
    return { ...answer, bound: answer.solution === null ? answer.bound : answer.value };
  },
};

function programOf(model: LinearModel, wallMs: number) {
  const constraints: Record<string, { min?: number; max?: number }> = {};
  const variables: Record<string, Record<string, number>> = {};
  const ints: Record<string, 1> = {};
  for (let column = 0; column < model.columns; column += 1) {
    const own: Record<string, number> = { value: model.cost[column] as number };
    const range = (model.upper[column] as number) - (model.lower[column] as number);
    if (Number.isFinite(range)) {
      own[`u${column}`] = 1;
      constraints[`u${column}`] = { max: range };
    }
    variables[`x${column}`] = own;
    if (model.integer[column] === 1) ints[`x${column}`] = 1;
  }
  for (let row = 0; row < model.rows; row += 1) addRow(model, row, constraints, variables);
  return {
    optimize: "value",
    opType: "min" as const,
    constraints,
    variables,
    ints,
    options: { timeout: wallMs, tolerance: 0 },
  };
}

function addRow(
  model: LinearModel,
  row: number,
  constraints: Record<string, { min?: number; max?: number }>,
  variables: Readonly<Record<string, Record<string, number>>>,
): void {
  let shift = 0;
  for (let at = model.starts[row] as number; at < (model.starts[row + 1] as number); at += 1) {
    const column = model.indices[at] as number;
    const value = model.values[at] as number;
    const variable = variables[`x${column}`];
    if (variable !== undefined) variable[`r${row}`] = (variable[`r${row}`] ?? 0) + value;
    shift += value * (model.lower[column] as number);
  }
  const lower = (model.rowLower[row] as number) - shift;
  const upper = (model.rowUpper[row] as number) - shift;
  constraints[`r${row}`] = {
    ...(Number.isFinite(lower) ? { min: lower } : {}),
    ...(Number.isFinite(upper) ? { max: upper } : {}),
  };
}
