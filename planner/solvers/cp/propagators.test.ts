import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../../core/random.js";
import { addLiterals } from "./clauses.js";
import { cumulativePropagator, sidesOf } from "./cumulative.js";
import { disjunctivePropagator, machineSides } from "./disjunctive.js";
import { addPrecedence, propagateEdges } from "./edges.js";
import { energyPropagator } from "./energy.js";
import {
  addBoolean,
  addPropagator,
  addVariable,
  createEngine,
  type Engine,
  freeze,
  isFixed,
  reasonNone,
} from "./engine.js";
import { linearPropagator } from "./linear.js";
import { always, type MachineEntry, unknown } from "./machine.js";
import type { CumulativeEntry, Fixed } from "./profile.js";
import { propagate } from "./propagate.js";
import { decide, explain } from "./trail.js";

/** A value for each variable. */
type Assignment = readonly number[];
type Below = (bound: number) => number;

interface Case {
  readonly engine: Engine;
  /** By definition, tick by tick; the naive twin of what the engine propagates. */
  readonly isFeasible: (values: Assignment) => boolean;
}

const cases = 700;

/** All assignments within the bounds that the naive twin allows. */
function feasible({ engine, isFeasible }: Case): Assignment[] {
  let partial: number[][] = [[]];
  for (let side = 0; side < engine.sides; side += 2) {
    const least = engine.low[side] as number;
    const most = -(engine.low[side + 1] as number);
    const values = Array.from({ length: most - least + 1 }, (_, k) => least + k);
    partial = partial.flatMap((head) => values.map((value) => [...head, value]));
  }
  return partial.filter(isFeasible);
}

const sideValue = (values: Assignment, side: number): number => {
  const value = values[side >> 1] as number;
  return (side & 1) === 0 ? value : -value;
};

const satisfies = (values: Assignment, atoms: readonly number[]): boolean =>
  atoms.every((side, k) => k % 2 === 1 || sideValue(values, side) >= (atoms[k + 1] as number));

/** Goes down by random decisions; every bound and reason must hold in all that is feasible. */
function dive(one: Case, below: Below, hint: string): void {
  const { engine } = one;
  const all = feasible(one);
  freeze(engine);
  let ok = true;
  for (let side = 0; side < engine.sides && ok; side += 1) ok = propagateEdges(engine, side);
  ok &&= propagate(engine);
  for (let checked = 0; ; ) {
    for (; checked < engine.trailLength; checked += 1) checkReason(engine, all, checked, hint);
    if (!ok) {
      const atoms = [...engine.conflict.subarray(0, engine.conflictLength)];
      expect(
        all.filter((values) => satisfies(values, atoms)),
        hint,
      ).toEqual([]);
      return;
    }
    const open = Array.from({ length: engine.sides / 2 }, (_, k) => 2 * k).filter(
      (side) => !isFixed(engine, side),
    );
    const side = open[below(open.length)];
    if (side === undefined) break;
    const least = engine.low[side] as number;
    const most = -(engine.low[side + 1] as number);
    const cut = least + below(most - least);
    if (below(2) === 0) decide(engine, side, cut + 1);
    else decide(engine, side ^ 1, -cut);
    ok = propagate(engine);
  }
  // With no choice left what was not refuted must be right.
  const values = Array.from({ length: engine.sides / 2 }, (_, k) => engine.low[2 * k] as number);
  expect(one.isFeasible(values), hint).toBe(true);
}

function checkReason(engine: Engine, all: readonly Assignment[], at: number, hint: string): void {
  const reason = engine.trailReason[at] as number;
  const side = engine.trailSide[at] as number;
  const least = (engine.trailOld[at] as number) + 1;
  const isRoot = engine.trailLevel[at] === 0;
  if (reason === reasonNone) return;
  for (let value = engine.trailLow[at] as number; value >= least; value -= 1) {
    const from = explain(engine, reason, side, value);
    const atoms = [...engine.explained.subarray(from, engine.explainedLength)];
    engine.explainedLength = from;
    const wrong = all.filter(
      (values) => (isRoot || satisfies(values, atoms)) && sideValue(values, side) < value,
    );
    expect(wrong, `${hint}, entry ${at}`).toEqual([]);
  }
}

function runsAt(entry: CumulativeEntry, values: Assignment, time: number): boolean {
  const start = sideValue(values, entry.start);
  if (entry.presence >= 0) {
    const isHere = sideValue(values, entry.presence) >= 1 - (entry.presence & 1);
    if (!isHere) return false;
  }
  return start <= time && time < start + entry.duration;
}

/** Time-tabling completes what energy alone would let pass. */
const energyCase = (seed: number): Case => cumulativeCase(seed, true);

function cumulativeCase(seed: number, withEnergy = false): Case {
  const random = seededRandom(seed);
  const below: Below = (bound) => randomInteger(random, bound);
  const engine = createEngine();
  const capacity = 1 + below(4);
  const entries = Array.from({ length: 2 + below(3) }, (): CumulativeEntry => {
    const least = below(4);
    const start = addVariable(engine, least, least + below(6));
    const presence = below(3) === 0 ? addBoolean(engine) ^ below(2) : -1;
    return { start, duration: 1 + below(4), demand: 1 + below(3), presence };
  });
  const fixed: Fixed[] =
    below(3) === 0 ? [{ from: 2, to: 3 + below(4), amount: Math.min(capacity, 1 + below(3)) }] : [];
  if (withEnergy) {
    addPropagator(engine, energyPropagator(entries, capacity, fixed), sidesOf(entries));
  }
  addPropagator(engine, cumulativePropagator(entries, capacity, fixed), sidesOf(entries));
  const isFeasible = (values: Assignment): boolean => {
    for (let time = 0; time < 16; time += 1) {
      let planned = 0;
      let taken = 0;
      for (const { from, to, amount } of fixed) if (from <= time && time < to) taken += amount;
      for (const entry of entries) if (runsAt(entry, values, time)) planned += entry.demand;
      if (planned > 0 && planned + taken > capacity) return false;
    }
    return true;
  };
  return { engine, isFeasible };
}

/** Tasks on one machine, some optional, some pairs ordered by a literal; every order of all holds. */
function machineCase(seed: number): Case {
  const random = seededRandom(seed);
  const below: Below = (bound) => randomInteger(random, bound);
  const engine = createEngine();
  const entries = Array.from({ length: 3 + below(2) }, (): MachineEntry => {
    const least = below(6);
    const start = addVariable(engine, least, least + below(6));
    const presence = below(4) === 0 ? addBoolean(engine) ^ below(2) : -1;
    return { start, duration: 1 + below(4), presence };
  });
  const count = entries.length;
  const before = new Int32Array(count * count).fill(unknown);
  // Some pairs have an order, by a literal or for good; edges see to it, as in the model.
  const order = (first: number, second: number, literal: number): void => {
    const [a, b] = [entries[first], entries[second]];
    if (a === undefined || b === undefined) return;
    before[first * count + second] = literal;
    addPrecedence(engine, a.start, b.start, a.duration, literal);
  };
  const isSure = (k: number): boolean => entries[k]?.presence === -1;
  for (let second = 1; second < 3; second += 1) {
    for (let first = 0; first < second; first += 1) {
      if (below(3) === 0 || !isSure(first) || !isSure(second)) continue;
      const literal = below(5) === 0 ? always : addBoolean(engine);
      order(first, second, literal);
      if (literal !== always) order(second, first, literal ^ 1);
    }
  }
  addPropagator(engine, disjunctivePropagator(entries, before), machineSides(entries, before));
  const isHere = ({ presence }: MachineEntry, values: Assignment): boolean =>
    presence < 0 || sideValue(values, presence) >= 1 - (presence & 1);
  const endsBefore = (a: MachineEntry, b: MachineEntry, values: Assignment): boolean =>
    sideValue(values, a.start) + a.duration <= sideValue(values, b.start);
  const isFeasible = (values: Assignment): boolean =>
    entries.every((a, row) =>
      entries.every((b, column) => {
        if (row === column || !isHere(a, values) || !isHere(b, values)) return true;
        const literal = before[row * count + column] as number;
        const isFirst =
          literal === always || (literal >= 0 && sideValue(values, literal) >= 1 - (literal & 1));
        return isFirst
          ? endsBefore(a, b, values)
          : endsBefore(a, b, values) || endsBefore(b, a, values);
      }),
    );
  return { engine, isFeasible };
}

const noOrders = (count: number): Int32Array => new Int32Array(count * count).fill(unknown);

function linearCase(seed: number): Case {
  const random = seededRandom(seed);
  const below: Below = (bound) => randomInteger(random, bound);
  const engine = createEngine();
  const terms = Array.from({ length: 1 + below(4) }, () => {
    const least = below(7) - 3;
    const side = addVariable(engine, least, least + below(5)) ^ below(2);
    return { side, weight: 1 + below(4) };
  });
  const limit = below(25) - 8;
  addPropagator(
    engine,
    linearPropagator(terms, limit),
    terms.map(({ side }) => side),
  );
  const isFeasible = (values: Assignment): boolean =>
    terms.reduce((sum, { side, weight }) => sum + weight * sideValue(values, side), 0) <= limit;
  return { engine, isFeasible };
}

function precedenceCase(seed: number): Case {
  const random = seededRandom(seed);
  const below: Below = (bound) => randomInteger(random, bound);
  const engine = createEngine();
  const times = Array.from({ length: 3 }, () => addVariable(engine, below(3), 3 + below(3)));
  const literals = Array.from({ length: 3 }, () => addBoolean(engine));
  const rows = Array.from({ length: 4 }, () => ({
    from: times[below(3)] as number,
    to: times[below(3)] as number,
    lag: below(6) - 2,
    condition: below(4) === 0 ? -1 : (literals[below(3)] as number) ^ below(2),
  })).filter(({ from, to }) => from !== to);
  for (const { from, to, lag, condition } of rows) addPrecedence(engine, from, to, lag, condition);
  const clause = literals.map((literal) => literal ^ below(2));
  addLiterals(engine, clause);
  const isTrue = (values: Assignment, literal: number): boolean =>
    sideValue(values, literal) >= 1 - (literal & 1);
  const isFeasible = (values: Assignment): boolean =>
    clause.some((literal) => isTrue(values, literal)) &&
    rows.every(
      ({ from, to, lag, condition }) =>
        (condition >= 0 && !isTrue(values, condition)) ||
        sideValue(values, to) >= sideValue(values, from) + lag,
    );
  return { engine, isFeasible };
}

describe("each propagator", () => {
  const makers = {
    cumulative: (seed: number) => cumulativeCase(seed),
    energy: energyCase,
    machine: machineCase,
    linear: linearCase,
    precedence: precedenceCase,
  };
  for (const [name, make] of Object.entries(makers)) {
    it(`removes nothing that is feasible, and gives reasons that are true: ${name}`, () => {
      for (let seed = 0; seed < cases; seed += 1) {
        const random = seededRandom(seed + 1_000_000);
        dive(make(seed), (bound) => randomInteger(random, bound), `${name} ${seed}`);
      }
    });
  }

  it("pushes a task past what must run, and says only who covers the instant", () => {
    const engine = createEngine();
    const [first, second] = [addVariable(engine, 2, 3), addVariable(engine, 1, 9)];
    const entries = [
      { start: first, duration: 4, demand: 2, presence: -1 },
      { start: second, duration: 3, demand: 1, presence: -1 },
    ];
    addPropagator(engine, cumulativePropagator(entries, 2, []), sidesOf(entries));
    freeze(engine);
    expect(propagate(engine)).toBe(true);
    // The first must run from 3 to 6: the second has no room before.
    expect(engine.low[second]).toBe(6);
  });

  it("sees that three tasks need more than the time that they have, where no pair does", () => {
    const engine = createEngine();
    const entries = Array.from({ length: 3 }, () => {
      return { start: addVariable(engine, 0, 3), duration: 2, presence: -1 };
    });
    addPropagator(engine, disjunctivePropagator(entries, noOrders(3)), []);
    freeze(engine);
    expect(propagate(engine)).toBe(false);
  });

  it("puts a task behind two that it cannot be done before or between", () => {
    const engine = createEngine();
    const [first, second] = [addVariable(engine, 0, 3), addVariable(engine, 0, 3)];
    const third = addVariable(engine, 0, 9);
    const entries = [first, second, third].map((start, k) => {
      return { start, duration: k === 2 ? 3 : 2, presence: -1 };
    });
    addPropagator(engine, disjunctivePropagator(entries, noOrders(3)), []);
    freeze(engine);
    expect(propagate(engine)).toBe(true);
    expect(engine.low[third]).toBe(4);
  });

  it("counts energy where nothing must run at any one instant", () => {
    const engine = createEngine();
    const entries = Array.from({ length: 5 }, () => {
      return { start: addVariable(engine, 0, 2), duration: 2, demand: 1, presence: -1 };
    });
    addPropagator(engine, energyPropagator(entries, 2, []), []);
    freeze(engine);
    expect(propagate(engine)).toBe(false);
    // What is blamed is more than there is room for, and all of it is needed.
    expect(engine.conflictLength).toBe(2 * 2 * 5);
  });
});
