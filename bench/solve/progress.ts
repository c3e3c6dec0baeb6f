/** One line on a terminal that says how far a run has come; nothing where it is no terminal. */
import type { Progress } from "./run.js";

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function progressLine(terminal: Terminal) {
  const shown = terminal.isTTY === true;
  return {
    show: (at: Progress): void => {
      if (!shown) return;
      const line = lineOf(at).slice(0, (terminal.columns ?? 80) - 1);
      terminal.write(`\r\x1b[K${line}`);
    },
    clear: (): void => {
      if (shown) terminal.write("\r\x1b[K");
    },
  };
}

export function lineOf({ done, count, instance, column, value, bound }: Progress): string {
  const found = value === null ? "" : `  ${value} (bound ${Math.round(bound * 100) / 100})`;
  return `${done + 1}/${count}  ${instance}  ${column}${found}`;
}
