/** The part of `core/check` that looks at groups: gangs start together, others keep their domains. */
import type { Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import { groupGang, groupSpread, type Problem, taskRunning } from "./problem.js";

type Report = (violation: PlanViolation) => void;

/** `sound[task]`: the task stands on a worker and an option that exist; others are no concern here. */
export function checkGroups(problem: Problem, plan: Plan, sound: Uint8Array, report: Report): void {
  const { groups } = problem;
  for (let group = 0; group < groups.count; group++) {
    const members = [
      ...groups.member.subarray(groups.first[group] as number, groups.first[group + 1] as number),
    ];
    const placed = members.filter((task) => sound[task] === 1);
    if (groups.kind[group] === groupGang) {
      checkGang(problem, plan, group, members, placed, report);
    } else {
      checkDomains(problem, plan, group, placed, report);
    }
  }
}

/** All or none of a gang is planned, and what does not run yet starts at one instant. */
function checkGang(
  problem: Problem,
  plan: Plan,
  group: number,
  members: readonly number[],
  placed: readonly number[],
  report: Report,
): void {
  const first = placed.find((task) => problem.tasks.state[task] !== taskRunning);
  if (first === undefined) return;
  if (placed.length < members.length) report({ kind: "gang_incomplete", group });
  const start = plan.start[first] as number;
  for (const task of placed) {
    if (problem.tasks.state[task] === taskRunning) continue;
    if (plan.start[task] !== start) report({ kind: "gang_apart", group, task });
  }
}

function checkDomains(
  problem: Problem,
  plan: Plan,
  group: number,
  placed: readonly number[],
  report: Report,
): void {
  const { groups, workers, tasks } = problem;
  const row = (groups.level[group] as number) * workers.count;
  const domainOf = (task: number): number =>
    workers.domain[row + (plan.worker[task] as number)] as number;
  const isSpread = groups.kind[group] === groupSpread;
  placed.forEach((task, place) => {
    // Facts are nobody's fault: a pair of running tasks may stand as it does.
    const clash = placed.slice(0, place).some((other) => {
      if (tasks.state[task] === taskRunning && tasks.state[other] === taskRunning) return false;
      return isSpread === (domainOf(task) === domainOf(other));
    });
    if (clash) report({ kind: isSpread ? "not_spread" : "not_together", group, task });
  });
}
