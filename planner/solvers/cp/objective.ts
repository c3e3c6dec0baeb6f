/**
 * The value of a plan as one variable. Its unit is the greatest common divisor of what a tick or a
 * move of each kind costs, if there is one that keeps the variable small; then it is exact. Else it
 * never exceeds the true value, so that bounds hold.
 */
import { none, type Problem } from "../../../core/problem.js";
import { addPrecedence } from "./edges.js";
import { addPropagator, addVariable, type Engine } from "./engine.js";
import { linearPropagator } from "./linear.js";
import { type Draft, endSide, endTicks, workersOf } from "./variables.js";

export interface Objective {
  /** The value of a plan is at least x * unit + offset, and just that if `exact`. */
  readonly side: number;
  readonly unit: number;
  readonly offset: number;
  readonly exact: boolean;
  /** Side of the latest end, or -1 where it does not count. */
  readonly makespan: number;
}

/** coefficient * x of the side. */
interface Part {
  readonly side: number;
  readonly coefficient: number;
}

interface Parts {
  readonly parts: Part[];
  offset: number;
}

const valueMax = 2 ** 29;

/** Adds variables and constraints; `bound` is a lower bound of the value. */
export function addObjective(draft: Draft, bound: number): Objective {
  const { engine, latest } = draft;
  const makespan = addMakespan(draft, latest);
  const parts = partsOf(draft, makespan, latest);
  const single = parts.parts.length === 1 ? parts.parts[0] : undefined;
  if (single !== undefined) {
    const objective = { side: single.side, unit: single.coefficient, offset: parts.offset };
    raise(draft, objective, bound);
    return { ...objective, exact: true, makespan };
  }
  const { unit, exact } = unitOf(engine, parts.parts);
  const weights = parts.parts.map(({ side, coefficient }) => {
    const weight = coefficient / unit;
    return { side, weight: exact ? Math.round(weight) : weight };
  });
  let least = 0;
  let most = 0;
  for (const { side, weight } of weights) {
    least += weight * (engine.low[side] as number);
    most -= weight * (engine.low[side ^ 1] as number);
  }
  const side = addVariable(engine, Math.floor(least) - 2, Math.ceil(most) + 2);
  const sides = [...weights.map((term) => term.side), side ^ 1];
  // Sums of fractions are rounded: a unit of slack is far more than that.
  const limit = exact ? 0 : 1;
  const terms = [...weights, { side: side ^ 1, weight: 1 }];
  addPropagator(engine, linearPropagator(terms, limit), sides);
  const objective = { side, unit, offset: parts.offset };
  raise(draft, objective, bound);
  return { ...objective, exact, makespan };
}

/** A bound of the value as a bound of the variable: rounded up, but for the noise of floats. */
function raise(
  draft: Draft,
  objective: { readonly side: number; readonly unit: number; readonly offset: number },
  bound: number,
): void {
  const { side, unit, offset } = objective;
  const least = Math.ceil((bound - offset) / unit - 1e-5);
  const { low } = draft.engine;
  if (least > -(low[side ^ 1] as number)) draft.impossible = true;
  else if (least > (low[side] as number)) low[side] = least;
}

function addMakespan(draft: Draft, latest: number): number {
  const { problem, engine } = draft;
  const { tasks, weights } = problem;
  if (weights.makespan === 0) return -1;
  let least = 0;
  for (let task = 0; task < tasks.count; task += 1) {
    if (draft.tasks[task] === null) least = Math.max(least, tasks.fixedEnd[task] as number);
  }
  const makespan = addVariable(engine, least, Math.max(latest, least));
  for (const placed of draft.tasks) {
    if (placed === null) continue;
    addPrecedence(engine, endSide(placed), makespan, endTicks(placed), -1);
  }
  return makespan;
}

function partsOf(draft: Draft, makespan: number, latest: number): Parts {
  const { problem } = draft;
  const { weights, tickMs } = problem;
  const tickS = tickMs / 1000;
  const parts: Parts = { parts: [], offset: 0 };
  if (makespan !== -1) add(parts, makespan, weights.makespan * tickS, 0);
  for (let task = 0; task < problem.tasks.count; task += 1) {
    addTimes(draft, parts, task, latest);
    addMove(draft, parts, task);
    addCost(draft, parts, task);
  }
  return parts;
}

/** coefficient * (x + ticks). */
function add(parts: Parts, side: number, coefficient: number, ticks: number): void {
  parts.offset += coefficient * ticks;
  if (coefficient > 0 && side >= 0) parts.parts.push({ side, coefficient });
}

function addTimes(draft: Draft, parts: Parts, task: number, latest: number): void {
  const { tasks, weights, tickMs } = draft.problem;
  const tickS = tickMs / 1000;
  const placed = draft.tasks[task] ?? null;
  const flow = weights.flow * (tasks.flowWeight[task] as number) * tickS;
  const due = tasks.due[task] as number;
  const late =
    due === none ? 0 : weights.tardiness * (tasks.tardinessWeight[task] as number) * tickS;
  parts.offset -= flow * (tasks.release[task] as number);
  if (placed === null) {
    const end = tasks.fixedEnd[task] as number;
    parts.offset += flow * end + late * Math.max(0, end - due);
    return;
  }
  if (flow > 0) add(parts, endSide(placed), flow, endTicks(placed));
  if (late > 0) {
    const tardiness = addVariable(draft.engine, 0, Math.max(0, latest - due));
    addPrecedence(draft.engine, endSide(placed), tardiness, endTicks(placed) - due, -1);
    add(parts, tardiness, late, 0);
  }
}

function addMove(draft: Draft, parts: Parts, task: number): void {
  const { tasks, weights } = draft.problem;
  const previous = tasks.previousWorker[task] as number;
  const charge = weights.moves * (tasks.moveWeight[task] as number);
  if (previous === none || charge === 0) return;
  const workers = workersOf(draft, task);
  if (workers.every(({ worker }) => worker === previous) && workers.length > 0) return;
  const away = workers.filter(({ worker }) => worker !== previous);
  parts.offset += away.length === workers.length ? charge : 0;
  if (away.length === workers.length) return;
  // Exactly one place is chosen, so the charges add up to one move at most.
  for (const { literal } of away) add(parts, literal, charge, 0);
}

function addCost(draft: Draft, parts: Parts, task: number): void {
  const { tasks, options, weights } = draft.problem;
  if (weights.cost === 0) return;
  const placed = draft.tasks[task] ?? null;
  if (placed === null) {
    parts.offset += weights.cost * (options.cost[tasks.fixedOption[task] as number] ?? 0);
    return;
  }
  placed.places.forEach(({ option }, k) => {
    const cost = weights.cost * (options.cost[option] as number);
    const literal = placed.literals[k] as number;
    if (literal < 0) parts.offset += cost;
    else add(parts, literal, cost, 0);
  });
}

const divisorsTried = 1_000;
const tolerance = 1e-9;

function unitOf(engine: Engine, parts: readonly Part[]): { unit: number; exact: boolean } {
  const coefficients = [...new Set(parts.map(({ coefficient }) => coefficient))];
  const most = parts.reduce(
    (sum, { side, coefficient }) => sum - coefficient * (engine.low[side ^ 1] as number),
    0,
  );
  if (coefficients.length === 0) return { unit: 1, exact: true };
  const least = coefficients.reduce((a, b) => Math.min(a, b));
  for (let divisor = 1; divisor <= divisorsTried; divisor += 1) {
    const unit = least / divisor;
    if (most / unit > valueMax) break;
    const whole = coefficients.every((coefficient) => {
      const multiple = coefficient / unit;
      return Math.abs(multiple - Math.round(multiple)) <= tolerance * multiple;
    });
    if (whole) return { unit, exact: true };
  }
  return { unit: Math.max(most, least) / valueMax, exact: false };
}

/** The largest bound of the variable at which a plan may still be better than `value`. */
export function cutOff(objective: Objective, value: number): number {
  return Math.ceil((value - objective.offset) / objective.unit - 1e-5) - 1;
}

/** The value that every plan has at least, where the variable is at least `least`. */
export function valueAt(objective: Objective, least: number, problem: Problem): number {
  const value = least * objective.unit + objective.offset;
  // Sums of floating numbers differ in their last bits: stay below, but for whole makespans.
  const { weights } = problem;
  const whole = weights.flow + weights.tardiness + weights.moves + weights.cost === 0;
  return whole ? value : value - 1e-11 * Math.abs(value);
}
