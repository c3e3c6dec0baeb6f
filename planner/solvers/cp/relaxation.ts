/**
 * A linear relaxation as a propagator: modes and the makespan, tied by precedence, consumable pools
 * and the energy of the worker. Where pools are scarce, short modes for all tasks are not to be had,
 * and no other propagator sees what that does to the longest paths (the relaxation of the discrete
 * time-cost trade-off; Kelley 1961; Akkan, Drexl & Kimms 2005).
 *
 * The linear programme is solved in floating numbers; its multipliers, rounded to whole ones, combine
 * the rows to one inequality that is exact, which is then propagated and explained like any other
 * (Achterberg 2007; as CP-SAT does). Noise can only make it weaker.
 */
import { multipliers, optimal, resetBasis, solve } from "../../linear/dual-simplex.js";
import type { Engine, Propagator } from "./engine.js";
import type { Objective } from "./objective.js";
import { type RelaxationModel, relaxationModelOf } from "./relaxation-model.js";
import { addPaths, boundPaths, createPaths, type Paths } from "./relaxation-paths.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";
import type { Draft } from "./variables.js";

interface Relaxation {
  readonly model: RelaxationModel;
  readonly paths: Paths;
  /** [slots] */
  readonly multiplier: Float64Array;
  /** The inequality: sum of weight × variable at most `limit`, in the order of the model's sides. */
  readonly weight: Float64Array;
  limit: number;
  refreshAt: number;
}

const pivotsPerCall = 60;
const roundsPerCall = 6;
const pivotsAtRoot = 2_000;
const roundsAtRoot = 100;
/** After so many pivots the tableau is set up anew, against drift. */
const pivotsPerBasis = 4_000;
/** Multipliers are rounded to parts of this. */
const scale = 2 ** 20;
/** Cells of a tableau that cost as much as a bound looked at. */
const cellsPerWork = 24;

/** null where it would say no more than other propagators do, or be too large. */
export function relaxationOf(draft: Draft, objective: Objective): Propagator | null {
  const model = relaxationModelOf(draft, objective);
  if (model === null) return null;
  const relaxation: Relaxation = {
    model,
    paths: createPaths(model),
    multiplier: new Float64Array(model.tableau.slots),
    weight: new Float64Array(model.sides.length),
    limit: 0,
    refreshAt: pivotsPerBasis,
  };
  return { propagate: (engine) => propagateRelaxation(engine, relaxation) };
}

function propagateRelaxation(engine: Engine, relaxation: Relaxation): boolean {
  const { tableau } = relaxation.model;
  const before = tableau.work;
  if (tableau.pivots >= relaxation.refreshAt) {
    resetBasis(tableau);
    relaxation.refreshAt = tableau.pivots + pivotsPerBasis;
  }
  boundColumns(engine, relaxation.model);
  boundPaths(relaxation.paths, engine);
  const isRoot = engine.level === 0;
  const until = tableau.pivots + (isRoot ? pivotsAtRoot : pivotsPerCall);
  let outcome = solve(tableau, until - tableau.pivots);
  for (let round = isRoot ? roundsAtRoot : roundsPerCall; round > 0; round -= 1) {
    if (outcome !== optimal || addPaths(relaxation.paths, engine) === 0) break;
    outcome = solve(tableau, until - tableau.pivots);
  }
  multipliers(tableau, outcome, relaxation.multiplier);
  combine(relaxation);
  engine.work += Math.ceil((tableau.work - before) / cellsPerWork);
  return propagateInequality(engine, relaxation);
}

function boundColumns(
  { low }: Engine,
  { tableau, sides, columns, choices }: RelaxationModel,
): void {
  const { lower, upper } = tableau;
  for (let column = 0; column < columns; column += 1) {
    const side = sides[column] as number;
    lower[column] = low[side] as number;
    upper[column] = -(low[side ^ 1] as number);
  }
  for (let k = columns; k < columns + choices; k += 1) {
    const first = sides[k] as number;
    lower[k] = 1 + (low[first ^ 1] as number);
    upper[k] = 1 - (low[first] as number);
  }
}

/** The rows times their multipliers, rounded to whole numbers, as one inequality. */
function combine(relaxation: Relaxation): void {
  const { model, paths, multiplier, weight } = relaxation;
  const { tableau, columns, choices, firstPath } = model;
  const starts = columns + choices;
  let largest = 0;
  for (let slot = 0; slot < tableau.slots; slot += 1) {
    largest = Math.max(largest, Math.abs(multiplier[slot] as number));
  }
  weight.fill(0);
  relaxation.limit = 0;
  if (largest === 0) return;
  for (let slot = 0; slot < tableau.slots; slot += 1) {
    // Multipliers of limits are negative, and the inequality is written with its sign turned.
    const times = -Math.round(((multiplier[slot] as number) / largest) * scale);
    if (times === 0) continue;
    for (let column = 0, at = slot * columns; column < columns; column += 1, at += 1) {
      weight[column] = (weight[column] as number) + times * (tableau.given[at] as number);
    }
    relaxation.limit += times * (model.limit[slot] as number);
    if (slot < choices) {
      // The row and the first place are 1 together, always.
      weight[columns + slot] = times;
      relaxation.limit += times;
    } else if (slot >= firstPath) {
      const head = starts + (paths.head[slot] as number);
      weight[head] = (weight[head] as number) + times;
      const tail = starts + (paths.tail[slot] as number);
      if (tail >= starts) weight[tail] = (weight[tail] as number) - times;
    }
  }
}

/** Draws what follows from the inequality, with reasons as weak as they may be. */
function propagateInequality(engine: Engine, relaxation: Relaxation): boolean {
  const { weight, limit, model } = relaxation;
  const { sides } = model;
  const { low } = engine;
  let slack = limit;
  let most = Math.abs(limit);
  for (let k = 0; k < sides.length; k += 1) {
    const of = weight[k] as number;
    if (of === 0) continue;
    const term = Math.abs(of) * (low[(sides[k] as number) ^ (of < 0 ? 1 : 0)] as number);
    slack -= term;
    most += Math.abs(term);
  }
  engine.work += sides.length >> 2;
  // Sums beyond it would not be exact.
  if (most > Number.MAX_SAFE_INTEGER) return true;
  if (slack < 0) return failList(engine, reasons(engine, relaxation, -1, -slack - 1));
  for (let k = 0; k < sides.length; k += 1) {
    const of = weight[k] as number;
    if (of === 0) continue;
    const side = (sides[k] as number) ^ (of < 0 ? 1 : 0);
    const size = Math.abs(of);
    const least = low[side] as number;
    const range = -(low[side ^ 1] as number) - least;
    if (range * size <= slack) continue;
    const step = Math.floor(slack / size);
    const list = reasons(engine, relaxation, k, (step + 1) * size - slack - 1);
    if (!post(engine, side ^ 1, -(least + step), listReason(list))) return false;
  }
  return true;
}

/** Bounds that make the inequality tight but for `spare`, which lets some of them be left out. */
function reasons(engine: Engine, relaxation: Relaxation, except: number, spare: number): number {
  const { weight, model } = relaxation;
  const { sides } = model;
  const { low } = engine;
  const list = beginList(engine);
  let left = spare;
  for (let k = 0; k < sides.length; k += 1) {
    const of = weight[k] as number;
    if (of === 0 || k === except) continue;
    const side = (sides[k] as number) ^ (of < 0 ? 1 : 0);
    // What holds at the root needs no reason.
    if (engine.top[side] === -1) continue;
    const size = Math.abs(of);
    const loss = size * ((low[side] as number) - rootLow(engine, side));
    if (loss <= left) {
      left -= loss;
      continue;
    }
    const weaker = Math.floor(left / size);
    left -= weaker * size;
    listAtom(engine, list, side, (low[side] as number) - weaker);
  }
  return list;
}

/** What the side was before the trail began. */
function rootLow(engine: Engine, side: number): number {
  let at = engine.top[side] as number;
  for (;;) {
    const previous = engine.trailPrevious[at] as number;
    if (previous < 0) return engine.trailOld[at] as number;
    at = previous;
  }
}
