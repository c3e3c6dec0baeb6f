/**
 * Rule-based planning behind the solver port: one list schedule after another, by core's decoding with
 * its index of open workers, so that a hundred thousand tasks have a good plan within seconds. It ends
 * soon where problems are small, and leaves its share to those that search. Any problem, any size.
 */
import { checkPlan } from "../../../core/check.js";
import { beginDecoding, type Decoding, freeChoice, goOn } from "../../../core/decode.js";
import type { Plan } from "../../../core/plan.js";
import { prepare } from "../../../core/prepare.js";
import type { Problem } from "../../../core/problem.js";
import { seededRandom } from "../../../core/random.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { type Orders, ordersOf } from "./orders.js";

export const greedyRules: Solver = {
  name: "greedy",
  deterministic: true,
  declines: () => null,
  start: startRules,
};

/** Between two looks at whether anybody still waits. */
const probesAtOnce = 4_000;

interface Rules {
  readonly orders: Orders;
  /** The schedule being made; null between two. */
  decoding: Decoding | null;
  /** What the last one was worth. */
  value: number;
  best: { readonly plan: Plan; readonly value: number } | null;
  workUnits: number;
  done: boolean;
}

function startRules(problem: Problem, seed: number): SolverRun {
  const prepared = prepare(problem);
  const choice = freeChoice(problem);
  const rules: Rules = {
    orders: ordersOf(problem, seededRandom(seed)),
    decoding: null,
    value: Number.POSITIVE_INFINITY,
    best: null,
    workUnits: 0,
    done: problem.tasks.count === 0,
  };
  const advance = (probes: number): void => {
    if (rules.decoding === null) {
      const next = rules.orders.next(rules.value);
      if (next.done === true) {
        rules.done = true;
        return;
      }
      rules.decoding = beginDecoding(prepared, next.value, choice);
    }
    const { decoding } = rules;
    const before = decoding.probes;
    const isWhole = goOn(decoding, probes);
    rules.workUnits += Math.max(1, decoding.probes - before);
    if (!isWhole) return;
    rules.decoding = null;
    note(problem, rules, decoding);
  };
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const before = rules.workUnits;
      const returned = rules.best;
      // A schedule that is begun is made whole: half of one helps nobody, and large ones are waited for.
      const isDue = (): boolean => rules.decoding !== null || rules.workUnits - before < workUnits;
      while (!rules.done && isDue() && !shared.interrupted()) advance(probesAtOnce);
      const { best } = rules;
      const isNews = best !== null && best !== returned && best.value < shared.value;
      return {
        workUnits: rules.workUnits - before,
        improved: isNews ? best.plan : null,
        bound: 0,
        done: rules.done,
      };
    },
  };
}

function note(problem: Problem, rules: Rules, { plan, unplaced }: Decoding): void {
  rules.value = Number.POSITIVE_INFINITY;
  if (unplaced > 0) return;
  const { violations, evaluation } = checkPlan(problem, plan);
  if (violations.length > 0) return;
  rules.value = evaluation.value;
  if (rules.best === null || rules.value < rules.best.value) {
    rules.best = { plan, value: rules.value };
  }
}
