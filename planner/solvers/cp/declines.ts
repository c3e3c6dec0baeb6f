/** What the model of this engine does not hold, in words. */
import { groupGang, none, type Problem } from "../../../core/problem.js";

const tasksMax = 600;
const placesMax = 12_000;
const tiesMax = 50_000;

export function declinesCp(problem: Problem): string | null {
  const { tasks } = problem;
  if (tasks.count > tasksMax) return `more than ${tasksMax} tasks`;
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) {
    return "tasks may be left out";
  }
  const choices = choicesOf(problem);
  const places = choices.reduce((sum, count) => sum + count, 0);
  if (places > placesMax) return `more than ${placesMax} choices of worker`;
  if (tiesOf(problem, choices) > tiesMax) return "too many ties between grouped tasks and devices";
  return null;
}

/** Options and workers that each task may choose from, at most. */
function choicesOf({ tasks, options, workers }: Problem): number[] {
  const membersOfClass = new Map<number, number>();
  for (const of of workers.classOf) membersOfClass.set(of, (membersOfClass.get(of) ?? 0) + 1);
  return Array.from(tasks.block, (block) => {
    let places = 0;
    if (block === none) return places;
    const after = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < after; option += 1) {
      places +=
        options.worker[option] === none
          ? (membersOfClass.get(options.class[option] as number) ?? 0)
          : 1;
    }
    return places;
  });
}

/** Of tasks in groups, others times places; of tasks that take devices, devices times places. */
function tiesOf({ tasks, options, groups, devices }: Problem, choices: readonly number[]): number {
  let ties = 0;
  for (let group = 0; group < groups.count; group += 1) {
    if (groups.kind[group] === groupGang) continue;
    const from = groups.first[group] as number;
    const members = groups.member.subarray(from, groups.first[group + 1] as number);
    for (const member of members) ties += members.length * (choices[member] as number);
  }
  if (devices.count === 0) return ties;
  const mostDevices = devicesOnOne(devices.worker);
  tasks.block.forEach((block, task) => {
    if (block === none) return;
    const from = options.blockFirst[block] as number;
    const requests = options.gpuRequest.subarray(from, options.blockFirst[block + 1] as number);
    const takesAny = requests.some((request) => request !== none);
    if (takesAny) ties += mostDevices * (choices[task] as number);
  });
  return ties;
}

function devicesOnOne(workerOf: Uint32Array): number {
  const counts = new Map<number, number>();
  let most = 0;
  for (const worker of workerOf) {
    const count = (counts.get(worker) ?? 0) + 1;
    counts.set(worker, count);
    most = Math.max(most, count);
  }
  return most;
}
