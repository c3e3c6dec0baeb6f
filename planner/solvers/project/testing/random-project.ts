/** Random projects for tests: one worker, lags, releases, blocks, running and kept tasks, pools. */
import { type Problem, taskKept, taskRunning } from "../../../../core/problem.js";
import { type OptionRow, type PoolUse, ProblemBuilder } from "../../../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../../../core/random.js";

export interface RandomProject {
  readonly tasks: number;
  readonly modesMax: number;
  /** Lags, releases, a block, milestones, a running task, kept tasks, pools of both kinds. */
  readonly withEverything: boolean;
  readonly durationMax?: number;
}

export function randomProject(
  seed: number,
  { tasks, modesMax, withEverything, durationMax = 5 }: RandomProject,
): Problem {
  const random = seededRandom(seed);
  const chance = (of: number): boolean => withEverything && random() < of;
  const builder = new ProblemBuilder({ dimensions: ["a", "b"] });
  const worker = builder.addWorker({ capacity: [6, 8] });
  const hasBudget = modesMax > 1 && withEverything;
  if (hasBudget) builder.addPool("budget", 2 * tasks + 2, "consumable");
  const licence = hasBudget ? 1 : 0;
  if (withEverything) builder.addPool("licence", 2, "renewable");
  if (chance(0.3)) builder.addBlocked({ worker, from: 3, to: 6, use: [3, 0] });
  let options = 0;
  for (let task = 0; task < tasks; task += 1) {
    if (chance(0.1)) {
      builder.addTask({ options: null });
      continue;
    }
    const modes = drawModes(random, { modesMax, durationMax }, hasBudget, () =>
      chance(0.2) ? [{ pool: licence, amount: 1 }] : [],
    );
    const isRunning = task === 0 && chance(0.5);
    const isKept = !isRunning && chance(0.2);
    const first = modes[0]?.duration ?? 1;
    builder.addTask({
      options: modes,
      release: chance(0.2) ? randomInteger(random, 6) : 0,
      ...(isRunning
        ? { state: taskRunning, fixed: { worker, option: options, start: -1, end: first - 1 } }
        : {}),
      ...(isKept
        ? {
            state: taskKept,
            previous: { worker, option: options, start: randomInteger(random, 9) },
          }
        : {}),
    });
    options += modes.length;
  }
  drawEdges(builder, random, tasks, () => (chance(0.2) ? 2 : 0));
  return builder.build();
}

function drawModes(
  random: () => number,
  { modesMax, durationMax }: { readonly modesMax: number; readonly durationMax: number },
  hasBudget: boolean,
  licences: () => PoolUse[],
): OptionRow[] {
  return Array.from({ length: 1 + randomInteger(random, modesMax) }, (_, mode): OptionRow => {
    const pools = licences();
    // The first mode is slow and cheap, so that some choice keeps to the budget.
    const amount = mode === 0 ? 1 : 1 + randomInteger(random, 4);
    return {
      class: 0,
      duration: 1 + randomInteger(random, durationMax) + (mode === 0 ? 2 : 0),
      demand: [randomInteger(random, 4), 1 + randomInteger(random, 4)],
      pools: hasBudget ? [...pools, { pool: 0, amount }] : pools,
    };
  });
}

function drawEdges(
  builder: ProblemBuilder,
  random: () => number,
  tasks: number,
  lag: () => number,
): void {
  for (let to = 1; to < tasks; to += 1) {
    for (let from = Math.max(0, to - 5); from < to; from += 1) {
      if (random() < 0.2) builder.addEdge(from, to, { lag: lag() });
    }
  }
}
