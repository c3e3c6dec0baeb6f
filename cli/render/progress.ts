/**
 * How a job is getting on: a frame of a few lines that is redrawn in place on a terminal, and one
 * line per change elsewhere. Both are pure; progress-display.ts does the writing.
 */
import type { TaskId, WorkerId } from "../../core/ids.js";
import { formatDuration } from "../../core/time.js";
import {
  type JobSummary,
  type PlanAdoption,
  type TaskStateName,
  type TaskView,
  taskStates,
  terminalTaskStates,
  type WatchEvent,
} from "../../core/views.js";
import type { Screen } from "./screen.js";
import { taskStateCell, taskStyle, wordsOf } from "./states.js";
import { clipMiddle, joinLines, type Line, padEnd, paint, paintAll, plain } from "./text.js";
import {
  briefDuration,
  formatCount,
  formatInstant,
  formatRelative,
  formatShare,
  plural,
} from "./units.js";

/** Kept up to date by `applyWatchEvent`; live tasks only, so that a huge job costs what runs. */
export interface ProgressModel {
  job: JobSummary | null;
  plan: PlanAdoption | null;
  readonly live: Map<TaskId, TaskView>;
  /** Attempts after the first. */
  retries: number;
}

export const emptyProgress = (): ProgressModel => ({
  job: null,
  plan: null,
  live: new Map(),
  retries: 0,
});

const workersShownMax = 8;
const liveStates: ReadonlySet<TaskStateName> = new Set(["launching", "running", "unknown"]);

export function applyWatchEvent(model: ProgressModel, { change }: WatchEvent): void {
  switch (change.kind) {
    case "snapshot":
    case "job":
      model.job = change.job;
      return;
    case "plan":
      model.plan = change.plan;
      return;
    case "task": {
      const { task } = change;
      if (!liveStates.has(task.state)) {
        model.live.delete(task.id);
        return;
      }
      if (!model.live.has(task.id) && task.attempts.length > 1) model.retries += 1;
      model.live.set(task.id, task);
    }
  }
}

/** The frame for a terminal. */
export function renderProgress(model: ProgressModel, screen: Screen): string[] {
  const { job } = model;
  if (job === null) return paintAll([[{ text: "waiting for the job …" }]], screen.width);
  return paintAll(
    [
      headLine(job, screen),
      barLine(job, screen),
      ...workerLines(model, screen),
      finishLine(job, screen),
      ...(model.plan === null
        ? []
        : [[{ text: "plan      ", style: screen.colour.dim }, ...planLine(model.plan, screen)]]),
      ...troubleLine(job, model.retries, screen),
    ],
    screen.width,
  );
}

/** One line that says what changed. */
export function renderChange({ atMs, change }: WatchEvent, screen: Screen): string {
  const time = { text: `${formatInstant(atMs, screen)}  `, style: screen.colour.dim };
  const line = (rest: Line): string => paint([time, ...rest], screen.width);
  switch (change.kind) {
    case "snapshot":
    case "job": {
      const { job } = change;
      const { done, total } = doneOf(job);
      return line([
        { text: `${plain(job.name)} ${job.id}  ` },
        taskStateCell(job.state, screen.colour),
        { text: `  ${formatCount(done)}/${formatCount(total)} done` },
        { text: finishText(job, screen) },
      ]);
    }
    case "plan":
      return line([{ text: "plan " }, ...planLine(change.plan, screen)]);
    case "task": {
      const { task } = change;
      const attempt = task.attempts.at(-1);
      const where = attempt === undefined ? "" : `  on ${plain(attempt.worker)}`;
      const again =
        attempt !== undefined && attempt.number > 1 ? `, attempt ${attempt.number}` : "";
      return line([
        padCell(taskStateCell(task.state, screen.colour)),
        { text: `  ${plain(task.name)}${where}${again}` },
        { text: tookText(task) },
        { text: task.message === "" ? "" : `  ${plain(task.message)}`, style: screen.colour.dim },
      ]);
    }
  }
}

/** As wide as the longest state, so that what follows stands in a column. */
const padCell = (cell: ReturnType<typeof taskStateCell>): ReturnType<typeof taskStateCell> => ({
  ...cell,
  text: padEnd(cell.text, 11),
});

export function doneOf(job: JobSummary): { readonly done: number; readonly total: number } {
  let done = 0;
  let total = 0;
  for (const state of taskStates) {
    const count = job.taskCounts[state] ?? 0;
    total += count;
    if (terminalTaskStates.has(state)) done += count;
  }
  return { done, total };
}

export function headLine(job: JobSummary, screen: Screen): Line {
  const { bold, dim } = screen.colour;
  const endMs = job.finishedAtMs ?? screen.nowMs;
  return [
    { text: plain(job.name), style: bold },
    { text: `  ${job.id}  `, style: dim },
    taskStateCell(job.state, screen.colour),
    { text: `  ${formatDuration(Math.max(0, endMs - job.submittedAtMs))}`, style: dim },
  ];
}

/** A bar of thin lines: finished well, finished badly, running, to do. */
export function barLine(job: JobSummary, screen: Screen): Line {
  const { colour } = screen;
  const { done, total } = doneOf(job);
  const share = total === 0 ? 0 : done / total;
  const text = ` ${formatCount(done)}/${formatCount(total)}  ${formatShare(Math.floor(share * 100) / 100)}`;
  const cells = Math.max(10, Math.min(60, screen.width - 2 - text.length));
  const counts = job.taskCounts;
  const good = counts.succeeded ?? 0;
  const live = (counts.running ?? 0) + (counts.launching ?? 0) + (counts.unknown ?? 0);
  const cell = (count: number): number => (total === 0 ? 0 : Math.floor((count / total) * cells));
  const goodCells = cell(good);
  const doneCells = Math.max(goodCells, cell(done));
  const liveCells = Math.max(doneCells, cell(done + live));
  return [
    { text: "━".repeat(goodCells), style: colour.green },
    { text: "━".repeat(doneCells - goodCells), style: colour.red },
    { text: "╍".repeat(liveCells - doneCells), style: colour.cyan },
    { text: "┄".repeat(cells - liveCells), style: colour.dim },
    { text },
  ];
}

/** How many tasks are in each state, those that are not zero. */
export function countsLine(job: JobSummary, screen: Screen): Line {
  const present = taskStates.filter((state) => (job.taskCounts[state] ?? 0) > 0);
  return joinLines(
    present.map((state) => [
      {
        text: `${formatCount(job.taskCounts[state] ?? 0)} ${wordsOf(state)}`,
        style: taskStyle(state, screen.colour),
      },
    ]),
    { text: " · ", style: screen.colour.dim },
  );
}

export function finishLine(job: JobSummary, screen: Screen): Line {
  const { bold, dim } = screen.colour;
  const { finishP50AtMs: p50, finishP90AtMs: p90, finishedAtMs } = job;
  const head = { text: "finish    ", style: dim };
  if (finishedAtMs !== null) {
    return [head, { text: formatInstant(finishedAtMs, screen), style: bold }];
  }
  if (p50 === null) return [head, { text: "unknown: no estimate", style: dim }];
  return [
    head,
    { text: `${formatRelative(p50, screen.nowMs)}, ${formatInstant(p50, screen)}`, style: bold },
    ...(p90 === null
      ? []
      : [
          {
            text: `   at 90 %: ${formatRelative(p90, screen.nowMs)}, ${formatInstant(p90, screen)}`,
            style: dim,
          },
        ]),
  ];
}

function finishText(job: JobSummary, screen: Screen): string {
  const { finishP50AtMs: p50, finishP90AtMs: p90, finishedAtMs } = job;
  if (finishedAtMs !== null || p50 === null) return "";
  const late = p90 === null ? "" : ` (at 90 %: ${formatInstant(p90, screen)})`;
  return `, finish ${formatInstant(p50, screen)}${late}`;
}

function planLine(plan: PlanAdoption, screen: Screen): Line {
  const { dim } = screen.colour;
  return [
    { text: `version ${plan.version}` },
    { text: ` by ${plain(plan.solver)}, gap ${formatShare(plan.gap)}`, style: dim },
    { text: `, makespan ${formatDuration(plan.makespanMs)}`, style: dim },
  ];
}

function workerLines(model: ProgressModel, screen: Screen): Line[] {
  const byWorker = new Map<WorkerId, TaskView[]>();
  for (const task of model.live.values()) {
    const worker = task.attempts.at(-1)?.worker;
    if (worker === undefined) continue;
    const tasks = byWorker.get(worker);
    if (tasks === undefined) byWorker.set(worker, [task]);
    else tasks.push(task);
  }
  const sorted = [...byWorker].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  const shown = sorted.slice(0, workersShownMax);
  const hidden = sorted.slice(workersShownMax);
  const lines = shown.map(([worker, tasks]) => workerLine(worker, tasks, screen));
  if (hidden.length > 0) {
    const attempts = hidden.reduce((sum, [, tasks]) => sum + tasks.length, 0);
    const text = `… and ${plural(attempts, "task")} on ${plural(hidden.length, "more worker")}`;
    lines.push([{ text, style: screen.colour.dim }]);
  }
  return lines;
}

function workerLine(worker: WorkerId, tasks: readonly TaskView[], screen: Screen): Line {
  const { colour } = screen;
  const entries = tasks.map((task): Line => {
    const startedAtMs = task.attempts.at(-1)?.startedAtMs ?? null;
    const elapsed = startedAtMs === null ? "" : ` ${briefDuration(screen.nowMs - startedAtMs)}`;
    const style = taskStyle(task.state, colour);
    const mark = task.state === "unknown" ? "? " : "";
    return [
      { text: mark + plain(task.name), style },
      { text: elapsed, style: colour.dim },
    ];
  });
  return [
    { text: padEnd(clipMiddle(plain(worker), 12), 12), style: colour.bold },
    { text: ` ${String(tasks.length).padStart(3)}  `, style: colour.dim },
    ...joinLines(entries, { text: " · ", style: colour.dim }),
  ];
}

function troubleLine(job: JobSummary, retries: number, screen: Screen): Line[] {
  const { colour } = screen;
  const { taskCounts: counts } = job;
  const bad = (counts.failed ?? 0) + (counts.timed_out ?? 0);
  const unknown = counts.unknown ?? 0;
  const backoff = counts.backoff ?? 0;
  const parts: Line[] = [
    ...(bad > 0 ? [[{ text: `${formatCount(bad)} failed`, style: colour.red }]] : []),
    ...(unknown > 0
      ? [[{ text: `${formatCount(unknown)} out of contact`, style: colour.magenta }]]
      : []),
    ...(backoff > 0
      ? [[{ text: `${formatCount(backoff)} waiting to retry`, style: colour.yellow }]]
      : []),
    ...(retries > 0 ? [[{ text: `${formatCount(retries)} retried`, style: colour.yellow }]] : []),
  ];
  if (parts.length === 0) return [];
  return [[{ text: "trouble   ", style: colour.dim }, ...joinLines(parts, { text: " · " })]];
}

function tookText(task: TaskView): string {
  const attempt = task.attempts.at(-1);
  if (attempt === undefined || attempt.startedAtMs === null || attempt.endedAtMs === null)
    return "";
  return ` in ${formatDuration(attempt.endedAtMs - attempt.startedAtMs)}`;
}
