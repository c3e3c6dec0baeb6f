/** For the oracles: tasks that are left out, transfers, and groups, each by its definition. */
import type { Plan } from "../plan.js";
import { groupGang, groupSpread, none, type Problem, taskRunning } from "../problem.js";

export function isLeftOut(problem: Problem, plan: Plan, task: number): boolean {
  const { tasks } = problem;
  if (tasks.block[task] === none || tasks.state[task] === taskRunning) return false;
  if (tasks.skipPrice[task] === Number.POSITIVE_INFINITY) return false;
  return plan.worker[task] === none && plan.option[task] === none;
}

export function transferBetween(problem: Problem, plan: Plan, edge: number): number {
  const { edges, links, workers } = problem;
  const from = plan.worker[edges.from[edge] ?? 0] ?? none;
  const to = plan.worker[edges.to[edge] ?? 0] ?? none;
  if (from === none || to === none || from === to) return 0;
  let ticks = edges.fixed[edge] ?? 0;
  const kib = edges.kib[edge] ?? 0;
  if (kib > 0 && links.count > 0) {
    const at = (workers.link[from] ?? 0) * links.count + (workers.link[to] ?? 0);
    ticks += (links.latency[at] ?? 0) + Math.ceil((kib * (links.perGib[at] ?? 0)) / (1024 * 1024));
  }
  return ticks;
}

/** Whether the groups hold among the tasks that are placed. */
export function groupsHold(problem: Problem, plan: Plan, placed: readonly boolean[]): boolean {
  const { groups } = problem;
  for (let group = 0; group < groups.count; group++) {
    const members = Array.from(groups.member).slice(groups.first[group], groups.first[group + 1]);
    for (const a of members) {
      for (const b of members) {
        if (a < b && placed[a] && placed[b] && !pairHolds(problem, plan, group, a, b)) return false;
      }
    }
  }
  return true;
}

function pairHolds(problem: Problem, plan: Plan, group: number, a: number, b: number): boolean {
  const { groups, tasks, workers } = problem;
  const runs = (task: number): boolean => tasks.state[task] === taskRunning;
  const out = (task: number): boolean => isLeftOut(problem, plan, task);
  if (groups.kind[group] === groupGang) {
    if (out(a) || out(b)) return out(a) && out(b);
    return runs(a) || runs(b) || plan.start[a] === plan.start[b];
  }
  if (out(a) || out(b) || (runs(a) && runs(b))) return true;
  const level = groups.level[group] ?? 0;
  const domain = (task: number): number | undefined =>
    workers.domain[level * workers.count + (plan.worker[task] ?? 0)];
  return groups.kind[group] === groupSpread ? domain(a) !== domain(b) : domain(a) === domain(b);
}
