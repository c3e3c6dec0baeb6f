/**
 * Propagation of a machine that takes one task at a time, as sets of tasks: overload, detectable
 * precedences, not-last and edge finding, in O(n log n) each on Θ-trees (Vilím 2004, 2007), with
 * explanations (Vilím 2005), in both directions of time. Pairs are the business of order literals;
 * what those say is used here.
 *
 * Optional entries count where their literal holds; one that would overload the machine by itself is
 * refuted (Vilím, Barták & Čepek 2005).
 */
import {
  detectPrecedences,
  findEdges,
  pushBehind,
  refuseLast,
  rejectOverload,
} from "./disjunctive-rules.js";
import type { Engine, Propagator } from "./engine.js";
import { createView, type MachineEntry, type MachineView, readBounds, unknown } from "./machine.js";
import { createThetaTree, type ThetaTree } from "./theta-tree.js";

interface Machine {
  readonly forth: MachineView;
  readonly back: MachineView;
  readonly tree: ThetaTree;
  /** Whether every pair has an order literal or an order: precedences need no detection then. */
  readonly isOrdered: boolean;
}

/** `before`: [n × n] literals of orders; see machine.ts. */
export function disjunctivePropagator(
  entries: readonly MachineEntry[],
  before: Int32Array,
): Propagator {
  const machine: Machine = {
    forth: createView(entries, before, false),
    back: createView(entries, before, true),
    tree: createThetaTree(entries.length),
    isOrdered: isOrdered(entries.length, before),
  };
  return { propagate: (engine) => propagateMachine(engine, machine) };
}

function isOrdered(count: number, before: Int32Array): boolean {
  for (let a = 0; a < count; a += 1) {
    for (let b = 0; b < a; b += 1) {
      if (before[a * count + b] === unknown && before[b * count + a] === unknown) return false;
    }
  }
  return true;
}

/** All sides whose rise may make the propagator draw something. */
export function machineSides(entries: readonly MachineEntry[], before: Int32Array): number[] {
  return [
    ...entries.flatMap(({ start, presence }) =>
      presence < 0 ? [start, start ^ 1] : [start, start ^ 1, presence],
    ),
    ...before.filter((literal) => literal >= 0),
  ];
}

function propagateMachine(engine: Engine, machine: Machine): boolean {
  const { forth, back, tree, isOrdered } = machine;
  // Of two alone their order literal says it all.
  const least = isOrdered ? 3 : 2;
  engine.work += forth.count;
  if (readBounds(engine, forth, least) < 2) return true;
  if (!propagateView(engine, forth, tree, isOrdered)) return false;
  readBounds(engine, back, least);
  return propagateView(engine, back, tree, isOrdered);
}

function propagateView(
  engine: Engine,
  view: MachineView,
  tree: ThetaTree,
  isOrdered: boolean,
): boolean {
  engine.work += view.count * 10;
  return (
    rejectOverload(engine, view, tree) &&
    pushBehind(engine, view) &&
    (isOrdered || detectPrecedences(engine, view, tree)) &&
    refuseLast(engine, view, tree) &&
    findEdges(engine, view, tree)
  );
}
