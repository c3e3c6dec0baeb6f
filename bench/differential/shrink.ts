/** A failure made small: fewer features, then fewer tasks, while something is still wrong. */
import type { Draw } from "./draw.js";

const tasksMin = 1;

/** `fails` is asked for each smaller draw, one after the other. */
export async function shrink(draw: Draw, fails: (draw: Draw) => Promise<boolean>): Promise<Draw> {
  let smallest = draw;
  for (let changed = true; changed; ) {
    changed = false;
    const smaller: Draw[] = smallest.features.map((feature) => ({
      ...smallest,
      features: smallest.features.filter((other) => other !== feature),
    }));
    if (smallest.tasks > tasksMin) smaller.push({ ...smallest, tasks: smallest.tasks - 1 });
    for (const one of smaller) {
      if (!(await fails(one))) continue;
      smallest = one;
      changed = true;
      break;
    }
  }
  return smallest;
}

/** The one line that shows it again. */
export const commandOf = ({ seed, shape, tasks, features }: Draw, solver: string): string =>
  `npm run bench -- differential --seed ${seed} --seeds 1 --shape ${shape} --tasks ${tasks} ` +
  `--features ${features.length === 0 ? "none" : features.join(" ")}` +
  (solver === "" ? "" : ` --solver ${solver}`);
