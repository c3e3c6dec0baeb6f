/** HiGHS (MIT licence, https://highs.dev) behind the port: sparse simplex and branch and cut. */
import type { Highs, Model } from "highs";
import { loadEngine } from "../../exact-highs/engine.js";
import { checked, type LinearModel, type LpAnswer, type LpEngine } from "../linear-model.js";

export async function loadHighs(): Promise<LpEngine> {
  const highs = await loadEngine();
  return {
    name: "highs",
    solve: (model, limits) =>
      highs.withModel<LpAnswer>(dataOf(model), (engine: Model) => {
        engine.options.set({
          output_flag: false,
          time_limit: limits.wallMs / 1000,
          mip_max_nodes: Math.min(2 ** 31 - 1, limits.nodesMax),
          mip_rel_gap: 0,
        });
        engine.run({
          [highs.constants.callbackType.mipInterrupt]: (event) => {
            if (limits.interrupted?.() === true) event.interrupt();
            return undefined;
          },
        });
        return answerOf(highs, model, engine);
      }),
  };
}

function dataOf(model: LinearModel) {
  return {
    numCols: model.columns,
    numRows: model.rows,
    colCost: model.cost,
    colLower: model.lower,
    colUpper: model.upper,
    rowLower: model.rowLower,
    rowUpper: model.rowUpper,
    integrality: Int32Array.from(model.integer),
    matrix: {
      format: "csr" as const,
      numRows: model.rows,
      numCols: model.columns,
      starts: model.starts,
      indices: model.indices,
      values: model.values,
    },
  };
}

function answerOf(highs: Highs, model: LinearModel, engine: Model): LpAnswer {
  const { modelStatus } = highs.constants;
  const status = engine.getModelStatus();
  if (status === modelStatus.infeasible || status === modelStatus.unboundedOrInfeasible) {
    return checked(model, "infeasible", null, Number.POSITIVE_INFINITY);
  }
  const isMip = model.integer.includes(1);
  const { colValue, rowDual } = engine.getSolution();
  const solution = colValue.length === model.columns ? Float64Array.from(colValue) : null;
  const isOptimal = status === modelStatus.optimal;
  const dual = engine.info.get("mip_dual_bound");
  const objective = engine.info.get("objective_function_value");
  const proven = isMip ? dual : isOptimal ? objective : undefined;
  const bound = typeof proven === "number" ? proven : Number.NEGATIVE_INFINITY;
  const duals = !isMip && rowDual?.length === model.rows ? Float64Array.from(rowDual) : null;
  return checked(model, isOptimal ? "optimal" : "feasible", solution, bound, duals);
}
