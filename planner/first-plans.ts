/**
 * What a portfolio has before any thread is asked, so that a caller has a plan at once: the previous
 * plan repaired, if there is one, plain greedy, and cheap bounds.
 */
import { lowerBound } from "../core/bounds.js";
import { freeChoice } from "../core/decode.js";
import { greedy, placeInOrder } from "../core/greedy.js";
import type { Plan } from "../core/plan.js";
import { none, type Problem } from "../core/problem.js";
import { repair } from "../core/repair.js";
import { firstOrder } from "./solvers/greedy/orders.js";
import {
  contributionOf,
  type Incumbent,
  offerBound,
  offerPlan,
  type Standing,
} from "./standing.js";

export interface FirstHost {
  readonly standing: Standing;
  readonly hooks: {
    incumbent(incumbent: Incumbent, bound: number, progress: Progress): void;
    bound(solver: string, bound: number): void;
  };
  progress(): Progress;
}

/** How far a run has come. */
export interface Progress {
  readonly workUnits: number;
  readonly wallMs: number;
}

/** Larger problems have their second plan while the threads are getting ready, or from one of them. */
const secondAtOnce = 2_000;
const secondMeanwhile = 20_000;

export function placeNow(host: FirstHost): void {
  const { problem } = host.standing;
  if (problem.tasks.previousWorker.some((worker) => worker !== none)) {
    offer(host, "repair", repair(problem).plan);
  }
  offer(host, "greedy", greedy(problem));
  if (problem.tasks.count <= secondAtOnce) offer(host, "greedy", placeForFlow(problem));
}

/** What the first plans took too long for: call it once the threads have been asked. */
export function placeMeanwhile(host: FirstHost): void {
  const { problem } = host.standing;
  const { count } = problem.tasks;
  if (count <= secondAtOnce || count > secondMeanwhile) return;
  offer(host, "greedy", placeForFlow(problem));
}

/** By the rule that is mostly best where the flow of jobs counts beside the makespan. */
const placeForFlow = (problem: Problem): Plan =>
  placeInOrder(problem, firstOrder(problem), freeChoice(problem));

export function boundNow({ standing, hooks }: FirstHost): void {
  const verdict = offerBound(standing, "bounds", lowerBound(standing.problem).value);
  if (verdict === "taken") hooks.bound("bounds", standing.bound);
}

function offer({ standing, hooks, progress }: FirstHost, name: string, plan: Plan): void {
  const contribution = contributionOf(standing, name);
  const verdict = offerPlan(standing, name, plan);
  if (verdict === "taken" && standing.incumbent !== null) {
    hooks.incumbent(standing.incumbent, standing.bound, progress());
  }
  // These leave out what they cannot place; the search may yet find a way to place it.
  contribution.failure = "";
}
