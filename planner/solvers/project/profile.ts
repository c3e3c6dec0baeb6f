/** What is free of the renewable resources over time, while a schedule is built. */
import type { Project } from "./project.js";

export interface Profile {
  /** Only what is blocked is taken. */
  reset(): void;
  /** Earliest start at `from` or later at which the mode has room for `duration` > 0. */
  earliest(mode: number, duration: number, from: number): number;
  /** Latest start at `from` or earlier; negative if there is none. */
  latest(mode: number, duration: number, from: number): number;
  take(mode: number, start: number, duration: number): void;
}

/** Beyond so many ticks for each task, a word per tick costs more than a list of changes. */
const ticksPerTaskMax = 40;

export const isTickwise = ({ span, tasks }: Project): boolean =>
  span <= ticksPerTaskMax * Math.max(50, tasks);
