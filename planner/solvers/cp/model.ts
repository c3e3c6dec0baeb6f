/**
 * A problem as variables, precedences, clauses and resources: the start of each task, one literal
 * for each place where it may run and exactly one of them true, an order between tasks that cannot
 * run together, and the value as a variable with a unit.
 */
import { lowerBound } from "../../../core/bounds.js";
import type { Problem } from "../../../core/problem.js";
import { transferTicks } from "../../../core/transfer.js";
import { addLiterals } from "./clauses.js";
import { addDeviceChoices, type DeviceChoice } from "./devices.js";
import { addPrecedence, propagateEdges } from "./edges.js";
import { addBoolean, freeze } from "./engine.js";
import { addGroups } from "./groups.js";
import { addObjective, type Objective } from "./objective.js";
import { addOrders, type Order } from "./orders.js";
import { relaxationOf } from "./relaxation.js";
import { addResources } from "./resources.js";
import { type Draft, draftOf, endSide, endTicks, workersOf } from "./variables.js";

export interface Model extends Draft {
  readonly orders: readonly Order[];
  /** Once all places and orders are settled, so is the least value of all times. */
  readonly ordersSuffice: boolean;
  readonly objective: Objective;
  readonly deviceChoices: readonly DeviceChoice[];
}

export function buildModel(problem: Problem): Model {
  const draft = draftOf(problem);
  const objective = addObjective(draft, lowerBound(problem).value);
  if (draft.impossible) {
    return { ...draft, orders: [], ordersSuffice: false, objective, deviceChoices: [] };
  }
  const { engine } = draft;
  addEdges(draft);
  addGroups(draft);
  const deviceChoices = addDeviceChoices(draft);
  const orders = addOrders(draft);
  const ordersSuffice = addResources(draft, orders, deviceChoices);
  engine.last = relaxationOf(draft, objective);
  freeze(engine);
  for (let side = 0; side < engine.sides && !draft.impossible; side += 1) {
    draft.impossible = !propagateEdges(engine, side);
  }
  return { ...draft, orders: orders.list, ordersSuffice, objective, deviceChoices };
}

function addEdges(draft: Draft): void {
  const { problem, engine } = draft;
  const { edges, tasks } = problem;
  for (let edge = 0; edge < edges.count; edge += 1) {
    const from = edges.from[edge] as number;
    const to = draft.tasks[edges.to[edge] as number];
    if (to === null || to === undefined) continue;
    const before = draft.tasks[from];
    const lag = edges.lag[edge] as number;
    const [side, ahead] =
      before === null || before === undefined
        ? [draft.zero, tasks.fixedEnd[from] as number]
        : [endSide(before), endTicks(before)];
    addPrecedence(engine, side, to.start, ahead + lag, -1);
    addTransfers(draft, edge, side, ahead + lag);
  }
}

/** For each amount that the transfer may take, a literal that holds if it takes so long. */
function addTransfers(draft: Draft, edge: number, side: number, ahead: number): void {
  const { problem, engine } = draft;
  const from = problem.edges.from[edge] as number;
  const to = problem.edges.to[edge] as number;
  const target = draft.tasks[to];
  if (target === null || target === undefined) return;
  const here = workersOf(draft, from);
  const there = workersOf(draft, to);
  const pairs = here.flatMap((a) =>
    there.map((b) => ({ a, b, ticks: transferTicks(problem, edge, a.worker, b.worker) })),
  );
  const amounts = new Set(pairs.map(({ ticks }) => ticks).filter((ticks) => ticks > 0));
  const least = pairs.reduce((a, { ticks }) => Math.min(a, ticks), Number.POSITIVE_INFINITY);
  for (const amount of [...amounts].sort((a, b) => a - b)) {
    if (amount === least) {
      addPrecedence(engine, side, target.start, ahead + amount, -1);
      continue;
    }
    const travels = addBoolean(engine);
    for (const { a, b, ticks } of pairs) {
      if (ticks < amount) continue;
      const literals = [travels];
      if (a.literal >= 0) literals.push(a.literal ^ 1);
      if (b.literal >= 0) literals.push(b.literal ^ 1);
      addLiterals(engine, literals);
    }
    addPrecedence(engine, side, target.start, ahead + amount, travels);
  }
}
