/**
 * What every search over schedules has: a draft, the schedule it stands at, the best one and its
 * plan, plans of others that come in, and where it begins: with a plan that is known already, or with
 * those of the priority rules.
 *
 * Generators: every `yield` is a point where a run may pause.
 */
import { type Choice, freeChoice } from "../../core/decode.js";
import type { Plan } from "../../core/plan.js";
import { none } from "../../core/problem.js";
import { randomInteger } from "../../core/random.js";
import {
  adopt,
  adoptPlan,
  type Candidate,
  copyCandidate,
  createCandidate,
  planOfDraft,
} from "./candidate.js";
import { type Checkpoints, createCheckpoints } from "./checkpoints.js";
import { createDraft, type Draft, decodeDraft } from "./draft.js";
import { justify } from "./justify.js";
import type { Kernel } from "./kernel.js";
import { ruleOrders } from "./orders.js";
import { lookAhead } from "./peft.js";

export interface Search {
  readonly kernel: Kernel;
  readonly draft: Draft;
  readonly random: () => number;
  readonly current: Candidate;
  readonly best: Candidate;
  /** Of `current`. */
  readonly checkpoints: Checkpoints;
  /** The plan of `best`; null before there is one. */
  plan: Plan | null;
  /** A better plan from elsewhere, not yet taken up. */
  foreign: { readonly plan: Plan; readonly value: number } | null;
}

export function createSearch(kernel: Kernel, random: () => number): Search {
  const tasks = kernel.problem.tasks.count;
  return {
    kernel,
    draft: createDraft(kernel),
    random,
    current: createCandidate(tasks),
    best: createCandidate(tasks),
    checkpoints: createCheckpoints(kernel),
    plan: null,
    foreign: null,
  };
}

/** There is nothing to search, or nothing to be found. */
export const isEmpty = ({ kernel }: Search): boolean =>
  kernel.problem.tasks.count === 0 || kernel.impossible !== none;

/** By more than sums of the same numbers in another order differ. */
export const isBetter = (value: number, than: number): boolean => value * (1 + 1e-12) < than;

/** Keeps the draft as best and current if it is better than the best. */
export function offerDraft(search: Search, value: number): void {
  if (!isBetter(value, search.best.value)) return;
  adopt(search.kernel, search.best, search.draft, value);
  goBack(search);
  notePlan(search);
}

/** The draft is what `current` holds: keeps it if it is the best so far. */
export function offerCurrent(search: Search): boolean {
  const { current, best } = search;
  if (!isBetter(current.value, best.value)) return false;
  copyCandidate(current, best);
  notePlan(search);
  return true;
}

/** The draft is the best so far: a plan, if nothing is amiss in it. */
function notePlan(search: Search): void {
  if (search.draft.misses === 0) search.plan = planOfDraft(search.kernel, search.draft);
}

/** On from the best schedule. */
export function goBack({ best, current, checkpoints }: Search): void {
  copyCandidate(best, current);
  checkpoints.valid = 0;
}

/** Goes on from the plan of others, if it is better than the own best. */
export function takeForeign(search: Search): void {
  const { foreign, best, kernel } = search;
  search.foreign = null;
  if (foreign === null || foreign.value >= best.value) return;
  adoptPlan(kernel, best, foreign.plan, foreign.value);
  goBack(search);
  search.plan = foreign.plan;
}

/** With more tasks than this a plan that is known is worth more than what the rules would cost. */
const rulesTasksMax = 400;

/** The plan of others where problems are large, for its engine has tried the rules; else the rules. */
export function* startSearch(search: Search): Generator<void, void, void> {
  const { count } = search.kernel.problem.tasks;
  if (search.foreign !== null && count > rulesTasksMax) takeForeign(search);
  else yield* startFromRules(search);
}

/** How dearly what a place costs is taken against when the task ends there: not at all, fairly, much. */
export const thrifts = [0, 1, 4] as const;

export const drawThrift = (random: () => number): number =>
  thrifts[randomInteger(random, thrifts.length)] as number;

/** The rules of core and PEFT's, each justified, as far as they get near the best so far. */
function* startFromRules(search: Search): Generator<void, void, void> {
  const { kernel, draft } = search;
  const choice = freeChoice(kernel.problem);
  for (const order of ruleOrders(kernel)) {
    if (kernel.hasTolls) draft.thrift = drawThrift(search.random);
    yield* decodeAll(search, order, choice);
    takeForeign(search);
  }
  const ahead = lookAhead(kernel);
  if (ahead === null) return;
  draft.ahead = ahead.cost;
  yield* decodeAll(search, ahead.order, choice);
  draft.ahead = null;
}

/** Justification gains some percent, no more: what is further off is not worth it. */
const justifiedGain = 1.05;

/** Decodes an order, and what justification makes of it. */
export function* decodeAll(
  search: Search,
  order: Int32Array,
  choice: Choice,
): Generator<void, void, void> {
  const { kernel, draft, best } = search;
  const value = decodeDraft(kernel, draft, order, choice, best.value * justifiedGain);
  if (value === Number.POSITIVE_INFINITY) return yield;
  offerDraft(search, value);
  yield;
  const justified = justify(kernel, draft, choice, best.value);
  if (justified < Number.POSITIVE_INFINITY) offerDraft(search, justified);
  yield;
}
