/** What limits the tasks besides precedence: workers, slots of like workers, and pools. */
import { none, taskRunning } from "../../../core/problem.js";
import { cumulativePropagator, sidesOf } from "./cumulative.js";
import { type DeviceChoice, deviceLoads } from "./devices.js";
import { disjunctivePropagator, machineSides } from "./disjunctive.js";
import { energyPropagator } from "./energy.js";
import { addPropagator } from "./engine.js";
import { linearPropagator, type Term } from "./linear.js";
import { type Orders, orderMatrix } from "./orders.js";
import { capacityOf, demandOf, poolUse } from "./places.js";
import type { CumulativeEntry, Fixed } from "./profile.js";
import type { Draft } from "./variables.js";

/** Returns whether orders say it all: nothing else limits the tasks. */
export function addResources(
  draft: Draft,
  orders: Orders,
  choices: readonly DeviceChoice[],
): boolean {
  const { problem, places, engine } = draft;
  const before = engine.propagators.length;
  places.groups.forEach((group, index) => {
    if (group.isSlots) {
      const entries = entriesOf(draft, index, () => 1);
      addCumulative(draft, entries, group.workers.length, []);
      return;
    }
    problem.dimensions.forEach((_, d) => {
      addDimension(draft, index, group.workers[0] as number, d, orders.list.length > 0);
    });
  });
  for (let pool = 0; pool < problem.pools.count; pool += 1) {
    if (problem.pools.consumable[pool] === 1) addConsumable(draft, pool);
    else addPool(draft, pool);
  }
  if (choices.length > 0) {
    for (const { capacity, entries, held } of deviceLoads(draft, choices)) {
      addCumulative(draft, entries, capacity, held);
    }
  }
  const ordersSuffice = engine.propagators.length === before;
  // What follows prunes sooner, and excludes nothing that orders and cumulatives would let pass.
  places.groups.forEach((group, index) => {
    if (group.isSlots) return;
    addMachine(draft, orders, index, group.workers[0] as number);
  });
  return ordersSuffice;
}

/** Tasks of a resource for which quadratic reasoning on energy is worth a try. */
const energyLeast = 4;
const energyMost = 200;

/** With fewer, pairs say it all. */
const machineLeast = 3;

/** Tasks of which each takes more than half of the worker, in the dimension where most do. */
function addMachine(draft: Draft, orders: Orders, group: number, worker: number): void {
  const { problem, engine } = draft;
  let most: Row[] = [];
  problem.dimensions.forEach((_, d) => {
    const capacity = capacityOf(problem, worker, d);
    const rows = entriesOf(draft, group, (option) => demandOf(problem, option, d));
    const large = rows.filter(({ demand }) => 2 * demand > capacity);
    if (large.length > most.length) most = large;
  });
  if (most.length < machineLeast) return;
  const before = orderMatrix(
    orders,
    most.map(({ task }) => task),
  );
  addPropagator(engine, disjunctivePropagator(most, before), machineSides(most, before));
}

interface Row extends CumulativeEntry {
  readonly task: number;
}

function addDimension(
  draft: Draft,
  group: number,
  worker: number,
  d: number,
  hasOrders: boolean,
): void {
  const { problem } = draft;
  const capacity = capacityOf(problem, worker, d);
  const entries = entriesOf(draft, group, (option) => demandOf(problem, option, d));
  const { blocks, tasks } = problem;
  const held: Fixed[] = [];
  for (let block = 0; block < blocks.count; block += 1) {
    if (blocks.worker[block] !== worker) continue;
    const amount = blocks.use[block * problem.dimensions.length + d] as number;
    held.push({ from: blocks.from[block] as number, to: blocks.to[block] as number, amount });
  }
  for (let task = 0; task < tasks.count; task += 1) {
    const option = tasks.fixedOption[task] as number;
    const here = tasks.state[task] === taskRunning && tasks.fixedWorker[task] === worker;
    if (here && option !== none) held.push(fixedOf(draft, task, demandOf(problem, option, d)));
  }
  const least = entries.reduce((a, { demand }) => Math.min(a, demand), Number.POSITIVE_INFINITY);
  // Orders say it all where no two run together and nothing is taken for good.
  if (hasOrders && held.length === 0 && 2 * least > capacity) return;
  addCumulative(draft, entries, capacity, held);
}

function addPool(draft: Draft, pool: number): void {
  const { problem } = draft;
  const { tasks, options } = problem;
  const entries: CumulativeEntry[] = [];
  const held: Fixed[] = [];
  draft.tasks.forEach((placed, task) => {
    const own = poolUse(tasks, task, pool);
    if (placed === null) {
      const option = tasks.fixedOption[task] as number;
      held.push(fixedOf(draft, task, own + (option === none ? 0 : poolUse(options, option, pool))));
      return;
    }
    const rows = placed.places.map(({ option, duration }, k) => ({
      start: placed.start,
      duration,
      demand: own + poolUse(options, option, pool),
      presence: placed.literals[k] as number,
    }));
    entries.push(...merged(rows));
  });
  addCumulative(draft, entries.filter(isUsed), problem.pools.capacity[pool] as number, held);
}

function addConsumable(draft: Draft, pool: number): void {
  const { problem, engine } = draft;
  const { tasks, options } = problem;
  const terms: Term[] = [];
  let left = problem.pools.capacity[pool] as number;
  let planned = 0;
  draft.tasks.forEach((placed, task) => {
    const own = poolUse(tasks, task, pool);
    if (placed === null) {
      const option = tasks.fixedOption[task] as number;
      left -= own + (option === none ? 0 : poolUse(options, option, pool));
      return;
    }
    placed.places.forEach(({ option }, k) => {
      const weight = own + poolUse(options, option, pool);
      const literal = placed.literals[k] as number;
      if (literal < 0) planned += weight;
      else if (weight > 0) terms.push({ side: literal, weight });
    });
  });
  // Where facts alone exceed the pool, only what uses more of it is to blame.
  const limit = Math.max(0, left) - planned;
  if (limit < 0) draft.impossible = true;
  else if (terms.length > 0) {
    addPropagator(
      engine,
      linearPropagator(terms, limit),
      terms.map(({ side }) => side),
    );
  }
}

function fixedOf(draft: Draft, task: number, amount: number): Fixed {
  const { tasks } = draft.problem;
  return { from: tasks.fixedStart[task] as number, to: tasks.fixedEnd[task] as number, amount };
}

const isUsed = ({ demand, duration }: CumulativeEntry): boolean => demand > 0 && duration > 0;

function entriesOf(draft: Draft, group: number, demand: (option: number) => number): Row[] {
  return draft.tasks.flatMap((placed) => {
    if (placed === null) return [];
    const rows = placed.places.flatMap(({ option, duration, group: at }, k) =>
      at === group
        ? [
            {
              task: placed.task,
              start: placed.start,
              duration,
              demand: demand(option),
              presence: placed.literals[k] as number,
            },
          ]
        : [],
    );
    return (rows.length === placed.places.length ? merged(rows) : rows).filter(isUsed);
  });
}

/** Rows of all places of a task: one row without a literal, if they are all alike. */
function merged<Entry extends CumulativeEntry>(rows: readonly Entry[]): Entry[] {
  const [first] = rows;
  const alike =
    first !== undefined &&
    rows.every(({ duration, demand }) => duration === first.duration && demand === first.demand);
  return alike ? [{ ...first, presence: -1 }] : [...rows];
}

function addCumulative(
  draft: Draft,
  entries: readonly CumulativeEntry[],
  capacity: number,
  held: readonly Fixed[],
): void {
  const fixed = flattened(held, capacity);
  const total = entries.reduce((sum, { demand }) => sum + demand, 0);
  if (entries.length === 0 || (fixed.length === 0 && total <= capacity)) return;
  addPropagator(draft.engine, cumulativePropagator(entries, capacity, fixed), sidesOf(entries));
  if (entries.length < energyLeast || entries.length > energyMost) return;
  addPropagator(draft.engine, energyPropagator(entries, capacity, fixed), sidesOf(entries));
}

/** The sum of what is taken for good, never more than the capacity: facts are not to blame. */
function flattened(held: readonly Fixed[], capacity: number): Fixed[] {
  const real = held.filter(({ from, to, amount }) => from < to && amount > 0);
  const times = [...new Set(real.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  return times.flatMap((from, k) => {
    const to = times[k + 1];
    if (to === undefined) return [];
    let amount = 0;
    for (const part of real) if (part.from <= from && from < part.to) amount += part.amount;
    return amount > 0 ? [{ from, to, amount: Math.min(amount, capacity) }] : [];
  });
}
