/** What the model of this engine does not hold, in words. */
import { none, type Problem } from "../../../core/problem.js";

const tasksMax = 600;
const placesMax = 12_000;

export function declinesCp(problem: Problem): string | null {
  const { tasks, options, groups, workers } = problem;
  if (tasks.count > tasksMax) return `more than ${tasksMax} tasks`;
  if (groups.count > 0) return "tasks are grouped";
  if (options.gpuRequest.some((request) => request !== none)) return "devices are not modelled";
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) {
    return "tasks may be left out";
  }
  const membersOfClass = new Map<number, number>();
  for (const of of workers.classOf) membersOfClass.set(of, (membersOfClass.get(of) ?? 0) + 1);
  let places = 0;
  for (const block of tasks.block) {
    if (block === none) continue;
    const after = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < after; option += 1) {
      places +=
        options.worker[option] === none
          ? (membersOfClass.get(options.class[option] as number) ?? 0)
          : 1;
    }
  }
  return places > placesMax ? `more than ${placesMax} choices of worker` : null;
}
