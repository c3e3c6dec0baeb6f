/** Which engine for which model: each where it is best (docs/planner.md has the figures). */
import { loadGlpk } from "./engines/glpk.js";
import { loadHighs } from "./engines/highs.js";
import { javascriptLpSolver } from "./engines/javascript-lp-solver.js";
import type { LinearModel, LpAnswer, LpEngine, LpLimits } from "./linear-model.js";

export interface LpEngines {
  /** All that are there, the surest first: oracles for one another. */
  readonly all: readonly LpEngine[];
  /** Solves by the engine that suits the model, and by the surest where that one has no answer. */
  solve(model: LinearModel, limits: LpLimits): LpAnswer;
}

/** Below this many coefficients a call into WebAssembly costs more than the solve. */
const tinyMax = 60;
/** Mixed-integer models on which branch and bound without cuts is the fastest. */
const smallMipMax = 130;

let engines: Promise<LpEngines> | null = null;

/** Loaded once in a thread. */
export function loadEngines(): Promise<LpEngines> {
  engines ??= load();
  return engines;
}

async function load(): Promise<LpEngines> {
  const [highs, glpk] = await Promise.all([loadHighs(), loadGlpk()]);
  const choose = (model: LinearModel): LpEngine => {
    const isMip = model.integer.includes(1);
    if (!isMip && model.values.length <= tinyMax) return javascriptLpSolver;
    if (isMip && model.columns <= smallMipMax && glpk !== null) return glpk;
    return highs;
  };
  return {
    all: [highs, ...(glpk === null ? [] : [glpk]), javascriptLpSolver],
    solve(model, limits) {
      const engine = choose(model);
      const answer = engine.solve(model, limits);
      return answer.status === "unknown" && engine !== highs ? highs.solve(model, limits) : answer;
    },
  };
}
