/**
 * Sets of workers that some tasks are confined to (the machine of an operation, the class with the
 * right devices): the work of those tasks is bounded by these workers alone.
 */
import type { Possible } from "./possible.js";
import { none, type Problem, taskKept } from "./problem.js";

export interface Group {
  readonly workers: readonly number[];
  /** True if the task can run on these workers only. */
  readonly has: (task: number) => boolean;
}

/** Beyond this many the rarest sets are left out: a bound only gets weaker by it. */
export const groupsMax = 64;

export function groupsOf(problem: Problem, possible: Possible): Group[] {
  const keyOf = Array.from({ length: problem.tasks.count }, (_, task) =>
    keyOfTask(problem, possible, task),
  );
  const frequency = new Map<string, number>();
  for (const key of keyOf) if (key !== "") frequency.set(key, (frequency.get(key) ?? 0) + 1);
  const frequent = [...frequency.keys()]
    .sort((a, b) => (frequency.get(b) ?? 0) - (frequency.get(a) ?? 0))
    .slice(0, groupsMax);
  const confined = frequent.map((key) => group(problem, key, keyOf, [...frequency.keys()]));
  const everywhere: Group = {
    workers: Array.from({ length: problem.workers.count }, (_, worker) => worker),
    has: () => true,
  };
  const isAll = confined.some(({ workers }) => workers.length === problem.workers.count);
  return isAll ? confined : [everywhere, ...confined];
}

/** `c<class>` and `w<worker>` of all possible options, sorted; empty if there are none. */
function keyOfTask(problem: Problem, possible: Possible, task: number): string {
  const { tasks, options } = problem;
  const keptOn = tasks.state[task] === taskKept ? (tasks.previousWorker[task] as number) : none;
  const names = new Set<string>();
  for (const option of possible.options(task)) {
    const worker = keptOn !== none ? keptOn : (options.worker[option] as number);
    names.add(worker === none ? `c${options.class[option]}` : `w${worker}`);
  }
  return [...names].sort().join(" ");
}

function group(
  problem: Problem,
  key: string,
  keyOf: readonly string[],
  keys: readonly string[],
): Group {
  const names = new Set(key.split(" "));
  const covers = (name: string): boolean => {
    if (names.has(name)) return true;
    const worker = Number(name.slice(1));
    return name.startsWith("w") && names.has(`c${problem.workers.classOf[worker]}`);
  };
  const inside = new Set(keys.filter((other) => other.split(" ").every(covers)));
  const workers: number[] = [];
  for (let worker = 0; worker < problem.workers.count; worker++) {
    if (covers(`w${worker}`)) workers.push(worker);
  }
  return { workers, has: (task) => inside.has(keyOf[task] ?? "") };
}
