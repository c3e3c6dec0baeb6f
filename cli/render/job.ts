/** One job for people: how it stands, and for each task state, place, times and why it waits. */
import { gapOf } from "../../core/plan.js";
import { formatDuration } from "../../core/time.js";
import {
  type AttemptView,
  type Estimate,
  type JobView,
  type TaskStateName,
  type TaskView,
  terminalTaskStates,
} from "../../core/views.js";
import { barLine, countsLine, finishLine, headLine } from "./progress.js";
import type { Screen } from "./screen.js";
import { taskStateCell, wordsOf } from "./states.js";
import { type Cell, type Column, renderTable } from "./table.js";
import { type Line, paintAll, plain } from "./text.js";
import { briefDuration, formatBytes, formatInstant, formatShare, plural } from "./units.js";

export interface JobOptions {
  /** At most this many tasks, those first that a reader asks about; null: all. */
  readonly tasksMax: number | null;
}

export function renderJob(job: JobView, screen: Screen, options: JobOptions): string[] {
  return [...renderJobHeader(job, screen), "", ...renderTasks(job.tasks, screen, options)];
}

export function renderJobHeader(job: JobView, screen: Screen): string[] {
  const { summary, initialPlan } = job;
  const { dim } = screen.colour;
  const lines: Line[] = [
    headLine(summary, screen),
    barLine(summary, screen),
    countsLine(summary, screen),
    finishLine(summary, screen),
    [
      { text: "submitted ", style: dim },
      { text: `${formatInstant(summary.submittedAtMs, screen)}` },
      {
        text: ` by ${plain(summary.principal)} in ${plain(summary.namespace)}`,
        style: dim,
      },
    ],
  ];
  if (initialPlan !== null) {
    const gap = gapOf(initialPlan.makespanMs, initialPlan.boundMs);
    lines.push([
      { text: "foreseen  ", style: dim },
      { text: `${formatDuration(initialPlan.makespanMs)}` },
      {
        text: `, at least ${formatDuration(initialPlan.boundMs)}, gap ${formatShare(gap)}, by ${plain(initialPlan.solver)}`,
        style: dim,
      },
    ]);
  }
  if (summary.pausedAtMs !== undefined) {
    const since = formatInstant(summary.pausedAtMs, screen);
    const text = `since ${since}; \`almanac resume ${plain(summary.id)}\` lets it go on`;
    lines.push([{ text: "paused    ", style: dim }, { text }]);
  }
  if (summary.retries !== undefined) {
    const { spent, budget } = summary.retries;
    const text = `${spent} of ${budget} attempts after failures`;
    lines.push([{ text: "retries   ", style: dim }, { text }]);
  }
  const metadata = Object.entries(summary.metadata).map(([key, value]) => `${key}=${value}`);
  if (metadata.length > 0) {
    lines.push([{ text: "metadata  ", style: dim }, { text: plain(metadata.join("  ")) }]);
  }
  return paintAll(lines, screen.width);
}

/** What a reader asks about first, when there is no room for all. */
const interest: readonly TaskStateName[] = [
  "unknown",
  "failed",
  "timed_out",
  "paused",
  "running",
  "launching",
  "backoff",
  "ready",
  "cancelled",
  "pending",
  "skipped",
  "succeeded",
];

const columns: readonly Column[] = [
  { title: "TASK", elasticTo: 12, cutMiddle: true },
  { title: "STATE" },
  { title: "WORKER", elasticTo: 8, cutMiddle: true },
  { title: "MODE", optional: true },
  { title: "START" },
  { title: "FINISH" },
  { title: "TOOK", align: "right" },
  { title: "ESTIMATE", align: "right", optional: true },
  { title: "SOURCE", optional: true },
  { title: "SURE", align: "right", optional: true },
  { title: "TRY", align: "right", optional: true },
  { title: "WHY", elasticTo: 10 },
];

export function renderTasks(
  tasks: readonly TaskView[],
  screen: Screen,
  { tasksMax }: JobOptions,
): string[] {
  const shown = tasksMax === null ? tasks : mostInteresting(tasks, tasksMax);
  const lines = renderTable(
    columns,
    shown.map((task) => taskRow(task, screen)),
    screen,
  );
  const hidden = tasks.length - shown.length;
  const notes: Line[] = [];
  const unknown = shown.find(({ state }) => state === "unknown");
  if (unknown !== undefined) {
    const command = `almanac task resolve '${plain(unknown.id)}' --as retry`;
    notes.push(
      [{ text: "where an unknown attempt has stopped for certain, say so, and what then:" }],
      [{ text: `  ${command}   (or --as failed)` }],
    );
  }
  const predicted = shown.some(
    ({ state, reservation }) => reservation !== null && !terminalTaskStates.has(state),
  );
  if (hidden > 0) notes.push([{ text: `… and ${plural(hidden, "more task")}` }]);
  if (predicted) {
    notes.push([
      {
        text: "~ predicted: as likely earlier as later; + what one case in ten exceeds",
        style: screen.colour.dim,
      },
    ]);
  }
  return [...lines, ...paintAll(notes, screen.width)];
}

function mostInteresting(tasks: readonly TaskView[], count: number): TaskView[] {
  const ranked = tasks.map((task, index) => ({ task, index, rank: interest.indexOf(task.state) }));
  return ranked
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ task }) => task);
}

function taskRow(task: TaskView, screen: Screen): Cell[] {
  const { colour } = screen;
  const attempt = task.attempts.at(-1);
  const ended = terminalTaskStates.has(task.state);
  const worker = attempt?.worker ?? task.reservation?.worker ?? "";
  const tries = task.attempts.length;
  return [
    task.name,
    taskStateCell(task.state, colour),
    attempt === undefined ? { text: worker, style: colour.dim } : worker,
    modeCell(task, attempt, screen),
    startCell(task, attempt, screen),
    finishCell(task, ended, screen),
    tookText(attempt, screen),
    task.estimate === null ? "" : estimateText(task.estimate),
    task.estimate === null ? "" : sourceText(task.estimate),
    // How long it would take is no question any more.
    task.estimate === null || ended ? "" : confidenceText(task.estimate),
    tries === 0 ? "" : `${tries}/${task.attemptsMax}`,
    { text: whyText(task, ended), style: colour.dim },
  ];
}

/** As for the worker: where it runs or ran last, else as it is planned. */
function modeCell(task: TaskView, attempt: AttemptView | undefined, { colour }: Screen): Cell {
  if (attempt !== undefined) return attempt.mode ?? "";
  const mode = task.reservation?.mode ?? "";
  return mode === "" ? "" : { text: mode, style: colour.dim };
}

function startCell(task: TaskView, attempt: AttemptView | undefined, screen: Screen): Cell {
  const startedAtMs = attempt?.startedAtMs ?? null;
  if (startedAtMs !== null && task.state !== "backoff" && task.state !== "ready") {
    return formatInstant(startedAtMs, screen);
  }
  const { reservation } = task;
  if (reservation === null || terminalTaskStates.has(task.state)) return "";
  return { text: `~${formatInstant(reservation.startP50AtMs, screen)}`, style: screen.colour.dim };
}

function finishCell(task: TaskView, ended: boolean, screen: Screen): Cell {
  if (ended) return task.finishedAtMs === null ? "" : formatInstant(task.finishedAtMs, screen);
  const { reservation, estimate } = task;
  // A reservation of a task without an estimate says where, but its end would be made up.
  if (estimate === null || estimate.source === "unknown") {
    return { text: "unknown: no estimate", style: screen.colour.dim };
  }
  if (reservation === null) return { text: "not planned yet", style: screen.colour.dim };
  return predicted(reservation.endP50AtMs, reservation.endP90AtMs, screen);
}

/** `~14:03:12 +4s`: the median, and how much later it is at the 90th percentile. */
function predicted(p50AtMs: number, p90AtMs: number, screen: Screen): Cell {
  const spreadMs = p90AtMs - p50AtMs;
  const spread = spreadMs < 500 ? "" : ` +${briefDuration(spreadMs).replace(" ", "")}`;
  return { text: `~${formatInstant(p50AtMs, screen)}${spread}`, style: screen.colour.dim };
}

function tookText(attempt: AttemptView | undefined, screen: Screen): string {
  if (attempt === undefined || attempt.startedAtMs === null) return "";
  return formatDuration(Math.max(0, (attempt.endedAtMs ?? screen.nowMs) - attempt.startedAtMs));
}

const estimateText = ({ source, p50Ms }: Estimate): string =>
  source === "unknown" ? "" : formatDuration(p50Ms);

const sourceText = ({ source }: Estimate): string => (source === "unknown" ? "" : source);

const confidenceText = ({ source, confidence }: Estimate): string =>
  source === "unknown" ? "" : `${Math.round(confidence * 100)} %`;

function whyText(task: TaskView, ended: boolean): string {
  if (task.message !== "") return task.message;
  if (task.reason !== "") return wordsOf(task.reason);
  const outputs = task.attempts.at(-1)?.outputs;
  if (outputs !== undefined) {
    return `left ${plural(outputs.files, "file")}, ${formatBytes(outputs.bytes)}`;
  }
  return !ended && task.state === "pending" ? "waits for its dependencies" : "";
}
