/** Writes progress to a stream: redrawn in place on a terminal, a line per change elsewhere. */
import type { WatchEvent } from "../../core/views.js";
import { applyWatchEvent, emptyProgress, renderChange, renderProgress } from "./progress.js";
import type { Screen } from "./screen.js";

export interface ProgressOutput {
  write(text: string): unknown;
}

export interface ProgressDisplay {
  /** Takes in what changed. On a terminal nothing is drawn before the next `draw`. */
  apply(event: WatchEvent): void;
  /** Draws the frame anew: call it a few times a second, for the countdown. */
  draw(): void;
  /** Draws a last time and leaves the cursor below the frame. */
  finish(): void;
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

/** `screen` is asked before every draw, so that a resized window is used at once. */
export function createProgressDisplay(
  output: ProgressOutput,
  screen: () => Screen,
  isTerminal: boolean,
): ProgressDisplay {
  return isTerminal ? terminalDisplay(output, screen) : plainDisplay(output, screen);
}

function terminalDisplay(output: ProgressOutput, screen: () => Screen): ProgressDisplay {
  const model = emptyProgress();
  let drawnLines = 0;
  const draw = (): void => {
    const frame = renderProgress(model, screen());
    output.write((drawnLines === 0 ? hideCursor : "") + redraw(drawnLines, frame));
    drawnLines = frame.length;
  };
  return {
    apply: (event) => applyWatchEvent(model, event),
    draw,
    finish() {
      draw();
      output.write(showCursor);
    },
  };
}

/** The same line is not said twice: a job's counts change with every task that is said already. */
function plainDisplay(output: ProgressOutput, screen: () => Screen): ProgressDisplay {
  let jobState = "";
  return {
    apply(event) {
      const { change } = event;
      if (change.kind === "job" && change.job.state === jobState) return;
      if (change.kind === "job" || change.kind === "snapshot") jobState = change.job.state;
      output.write(`${renderChange(event, screen())}\n`);
    },
    draw() {},
    finish() {},
  };
}

/**
 * Moves up over what was drawn and writes each line over the old one, clearing only what is left
 * of it: clearing everything first would flicker.
 */
export function redraw(drawnLines: number, frame: readonly string[]): string {
  const up = drawnLines > 0 ? `\u001b[${drawnLines}A` : "";
  const lines = frame.map((line) => `\r${line}\u001b[K\n`).join("");
  return `${up}${lines}\u001b[J`;
}
