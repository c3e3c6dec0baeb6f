/** One glyph and one colour for each state, the same in every view; the glyphs suffice alone. */
import type { TaskStateName, WorkerStateName } from "../../core/views.js";
import type { Colours, Style } from "./screen.js";
import type { Cell } from "./table.js";

type ColourName = "green" | "red" | "yellow" | "cyan" | "magenta" | "dim" | "reset";

const tasks: Readonly<Record<TaskStateName, readonly [string, ColourName]>> = {
  pending: ["·", "dim"],
  ready: ["○", "reset"],
  backoff: ["↻", "yellow"],
  launching: ["▷", "cyan"],
  running: ["▶", "cyan"],
  unknown: ["?", "magenta"],
  paused: ["‖", "yellow"],
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  timed_out: ["✗", "red"],
  cancelled: ["⊘", "yellow"],
  skipped: ["–", "dim"],
};

const workers: Readonly<Record<WorkerStateName, readonly [string, ColourName]>> = {
  connected: ["●", "green"],
  silent: ["◌", "yellow"],
  lost: ["✗", "red"],
};

/** `timed_out` reads `timed out`. */
export const wordsOf = (name: string): string => name.replaceAll("_", " ");

export const taskStyle = (state: TaskStateName, colour: Colours): Style => colour[tasks[state][1]];

/** Every state of a job is also one of a task. */
export function taskStateCell(state: TaskStateName, colour: Colours): Exclude<Cell, string> {
  return { text: `${tasks[state][0]} ${wordsOf(state)}`, style: taskStyle(state, colour) };
}

export function workerStateCell(state: WorkerStateName, colour: Colours): Exclude<Cell, string> {
  const [glyph, name] = workers[state];
  return { text: `${glyph} ${state}`, style: colour[name] };
}
