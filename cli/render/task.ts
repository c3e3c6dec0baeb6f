/** One task for people: how it stands, and what like tasks let expect of it. */
import { formatDuration } from "../../core/time.js";
import type { Estimate, Expectation, TaskView } from "../../core/views.js";
import type { Screen } from "./screen.js";
import { wordsOf } from "./states.js";
import { type Line, paintAll, plain } from "./text.js";
import { formatBytes, plural } from "./units.js";

const runsToBeSure = 20;

export function renderTask(task: TaskView, screen: Screen): string[] {
  const { dim } = screen.colour;
  const row = (title: string, text: string): Line => [
    { text: title.padEnd(10), style: dim },
    { text },
  ];
  const why = task.message === "" ? task.reason : task.message;
  const attempt = task.attempts.at(-1);
  const lines = [row("task", plain(task.id))];
  lines.push(row("state", `${wordsOf(task.state)}${why === "" ? "" : `: ${plain(why)}`}`));
  if (attempt !== undefined) lines.push(row("worker", plain(attempt.worker)));
  lines.push(row("attempts", `${task.attempts.length} of ${task.attemptsMax}`));
  lines.push(row("takes", durationText(task.estimate)));
  if (task.expected !== undefined) {
    lines.push(row("memory", memoryText(task.expected)));
    lines.push(row("fails", failsText(task.expected)));
  }
  return paintAll(lines, screen.width);
}

const durationText = (estimate: Estimate | null): string =>
  estimate === null || estimate.source === "unknown"
    ? "unknown: no estimate"
    : `usually ${formatDuration(estimate.p50Ms)}, 9 of 10 below ${formatDuration(estimate.p90Ms)}`;

function memoryText({ peakMemory, askedMemoryBytes }: Expectation): string {
  const asked = `asks for ${formatBytes(askedMemoryBytes)}`;
  if (peakMemory === null) return `no peak of its kind is known; ${asked}`;
  const { p50Bytes, p95Bytes, runs } = peakMemory;
  const peaks = `usually peaks at ${formatBytes(p50Bytes)}, 19 of 20 below ${formatBytes(p95Bytes)}`;
  // Of fewer the second is the first with much room.
  const few = runs < runsToBeSure ? ` (${plural(runs, "run")} known)` : "";
  return `${peaks}${few}; ${asked}`;
}

const failsText = ({ ends, failures }: Expectation): string =>
  ends === 0 ? "none of its kind has ended" : `${failures} of the last ${ends} of its kind`;
