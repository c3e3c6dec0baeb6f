/**
 * GLPK (GPL-3.0, so an optional dependency: planners without it use the other engines) behind the
 * port: fast on small mixed-integer models. It knows no limit of nodes, and gives no bound of a tree
 * that it did not finish.
 */
import type { GLPK, LP } from "glpk.js/node";
import { checked, type LinearModel, type LpEngine, nothing } from "../linear-model.js";

/** null: it is not installed. */
export async function loadGlpk(): Promise<LpEngine | null> {
  const glpk = await import("glpk.js/node").then(
    ({ default: load }) => load(),
    () => null,
  );
  if (glpk === null) return null;
  return {
    name: "glpk",
    solve(model, limits) {
      if (model.columns === 0 || model.rows === 0) return nothing;
      const { result } = glpk.solve(programOf(glpk, model), {
        msglev: glpk.GLP_MSG_OFF,
        presol: true,
        // Whole seconds: a shorter limit would be none at all.
        tmlim: Math.max(1, Math.ceil(limits.wallMs / 1000)),
        mipgap: 0,
      });
      const { status, z, vars, dual } = result;
      if (status === glpk.GLP_NOFEAS || status === glpk.GLP_INFEAS) {
        return checked(model, "infeasible", null, Number.POSITIVE_INFINITY);
      }
      const isOptimal = status === glpk.GLP_OPT;
      if (!isOptimal && status !== glpk.GLP_FEAS) return nothing;
      const solution = Float64Array.from(model.cost, (_, column) => vars[nameOf(column)] ?? 0);
      const bound = isOptimal ? z : Number.NEGATIVE_INFINITY;
      const duals =
        dual === undefined || model.integer.includes(1)
          ? null
          : Float64Array.from(model.rowLower, (_, row) => dual[rowNameOf(row)] ?? 0);
      return checked(model, isOptimal ? "optimal" : "feasible", solution, bound, duals);
    },
  };
}

const nameOf = (column: number): string => `x${column}`;
const rowNameOf = (row: number): string => `r${row}`;

function programOf(glpk: GLPK, model: LinearModel): LP {
  const columns = Array.from(model.cost, (_, column) => column);
  const bounds = (lower: number, upper: number) => {
    const type = boundType(glpk, lower, upper);
    return { type, lb: Number.isFinite(lower) ? lower : 0, ub: Number.isFinite(upper) ? upper : 0 };
  };
  return {
    name: "model",
    objective: {
      direction: glpk.GLP_MIN,
      name: "value",
      vars: columns.map((column) => ({
        name: nameOf(column),
        coef: model.cost[column] as number,
      })),
    },
    subjectTo: Array.from(model.rowLower, (lower, row) => ({
      name: rowNameOf(row),
      vars: termsOf(model, row).map(([column, coef]) => ({ name: nameOf(column), coef })),
      bnds: bounds(lower, model.rowUpper[row] as number),
    })),
    bounds: columns.map((column) => ({
      name: nameOf(column),
      ...bounds(model.lower[column] as number, model.upper[column] as number),
    })),
    generals: columns.filter((column) => model.integer[column] === 1).map(nameOf),
  };
}

function boundType(glpk: GLPK, lower: number, upper: number): number {
  if (lower === upper) return glpk.GLP_FX;
  if (!Number.isFinite(lower)) return Number.isFinite(upper) ? glpk.GLP_UP : glpk.GLP_FR;
  return Number.isFinite(upper) ? glpk.GLP_DB : glpk.GLP_LO;
}

function termsOf({ starts, indices, values }: LinearModel, row: number): [number, number][] {
  const terms: [number, number][] = [];
  for (let at = starts[row] as number; at < (starts[row + 1] as number); at += 1) {
    terms.push([indices[at] as number, values[at] as number]);
  }
  return terms;
}
