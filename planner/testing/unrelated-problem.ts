/** Independent tasks on unrelated workers for tests. A pure function of its arguments. */
import { type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { ProblemBuilder } from "../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../core/random.js";

interface Drawn {
  readonly workers: number;
  readonly longest: number;
  /** Chance that a task cannot run on a worker. */
  readonly forbidden: number;
  /** Some tasks run, some are kept where they were planned. */
  readonly facts: boolean;
}

export function unrelatedProblem(seed: number, tasks: number, drawn: Partial<Drawn> = {}): Problem {
  const usual: Drawn = { workers: 3, longest: 9, forbidden: 0, facts: false };
  const { workers, longest, forbidden, facts } = { ...usual, ...drawn };
  const random = seededRandom(seed * 7 + 1);
  const builder = new ProblemBuilder({ dimensions: ["slot"], weights: { makespan: 2 } });
  for (let worker = 0; worker < workers; worker += 1) builder.addWorker({ capacity: [1] });
  const running = new Set<number>();
  let optionCount = 0;
  for (let task = 0; task < tasks; task += 1) {
    const anyway = randomInteger(random, workers);
    const options = Array.from({ length: workers }, (_, worker) => worker)
      .filter((worker) => worker === anyway || random() >= forbidden)
      .map((worker) => ({
        class: worker,
        duration: 1 + randomInteger(random, longest),
        demand: [1],
      }));
    const chance = facts ? randomInteger(random, 6) : 6;
    const first = optionCount;
    optionCount += options.length;
    const worker = options[0]?.class ?? 0;
    if (chance === 0 && !running.has(worker)) {
      running.add(worker);
      const fixed = { worker, option: first, start: -2, end: 1 + randomInteger(random, longest) };
      builder.addTask({ options, state: taskRunning, fixed });
    } else if (chance === 1) {
      const previous = { worker, option: first, start: 0 };
      builder.addTask({ options, state: taskKept, previous });
    } else builder.addTask({ options });
  }
  return builder.build();
}

/** Some tasks cannot run everywhere. */
export const withHoles = (seed: number, tasks: number): Problem =>
  unrelatedProblem(seed, tasks, { forbidden: 0.3 });

export const withFacts = (seed: number, tasks: number): Problem =>
  unrelatedProblem(seed, tasks, { forbidden: 0.3, workers: 2, facts: true });
