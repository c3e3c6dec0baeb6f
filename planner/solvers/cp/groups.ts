/** Tasks that are planned with a view to one another: gangs, spread and colocation, as clauses. */
import { groupGang, groupSpread, none, taskRunning } from "../../../core/problem.js";
import { addLiterals } from "./clauses.js";
import { addPrecedence } from "./edges.js";
import { addBoolean } from "./engine.js";
import { type Draft, workersOf } from "./variables.js";

export function addGroups(draft: Draft): void {
  const { groups } = draft.problem;
  for (let group = 0; group < groups.count; group += 1) {
    const from = groups.first[group] as number;
    const members = [...groups.member.subarray(from, groups.first[group + 1] as number)];
    if (groups.kind[group] === groupGang) startTogether(draft, members);
    else keepDomains(draft, members, groups.level[group] as number, groups.kind[group] as number);
  }
}

/** What does not run yet starts at one instant. */
function startTogether(draft: Draft, members: readonly number[]): void {
  const sides = members.flatMap((task) => draft.tasks[task]?.start ?? []);
  for (let k = 1; k < sides.length; k += 1) {
    const [a, b] = [sides[k - 1] as number, sides[k] as number];
    addPrecedence(draft.engine, a, b, 0, -1);
    addPrecedence(draft.engine, b, a, 0, -1);
  }
}

/** Each pair that does not run already is apart, or together. */
function keepDomains(draft: Draft, members: readonly number[], level: number, kind: number): void {
  const { state } = draft.problem.tasks;
  const domains = members.map((task) => literalsByDomain(draft, task, level));
  members.forEach((task, k) => {
    members.forEach((other, m) => {
      if (k === m || (state[task] === taskRunning && state[other] === taskRunning)) return;
      const here = domains[k] as Map<number, number>;
      const there = domains[m] as Map<number, number>;
      for (const [domain, literal] of here) {
        const same = there.get(domain);
        if (kind !== groupSpread) imply(draft, literal, same === undefined ? [] : [same]);
        else if (k < m && same !== undefined) forbid(draft, literal, same);
      }
    });
  });
}

/** Of each domain that the task may run in, a literal that holds if it does; -1: always. */
function literalsByDomain(draft: Draft, task: number, level: number): Map<number, number> {
  const { problem, engine } = draft;
  const placesOf = new Map<number, number[]>();
  for (const { worker, literal } of workersOf(draft, task)) {
    if (worker === none) continue;
    const domain = problem.workers.domain[level * problem.workers.count + worker] as number;
    placesOf.set(domain, [...(placesOf.get(domain) ?? []), literal]);
  }
  const literals = new Map<number, number>();
  for (const [domain, places] of placesOf) {
    if (placesOf.size === 1) literals.set(domain, -1);
    else if (places.length === 1) literals.set(domain, places[0] as number);
    else {
      const isHere = addBoolean(engine);
      for (const place of places) imply(draft, place, [isHere]);
      addLiterals(engine, [isHere ^ 1, ...places]);
      literals.set(domain, isHere);
    }
  }
  return literals;
}

function imply(draft: Draft, literal: number, anyOf: readonly number[]): void {
  if (anyOf.includes(-1)) return;
  const clause = literal >= 0 ? [literal ^ 1, ...anyOf] : [...anyOf];
  if (!addLiterals(draft.engine, clause)) draft.impossible = true;
}

function forbid(draft: Draft, a: number, b: number): void {
  const clause = [a, b].filter((literal) => literal >= 0).map((literal) => literal ^ 1);
  if (!addLiterals(draft.engine, clause)) draft.impossible = true;
}
