/** Cordons, drains and maintenance windows for people. */
import type { DrainFate, DrainForecast, WorkerView } from "../../core/views.js";
import type { MaintenanceWindow } from "../../core/worker.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { paintAll, plain } from "./text.js";
import { briefDuration, formatInstant, formatRelative, plural } from "./units.js";

type Closable = Pick<WorkerView, "cordonedAtMs" | "drain" | "maintenance" | "quarantine">;

/** `cordoned`, `draining until in 5m 00s`, `maintenance in 2h 00m`; empty where it is open. */
export function closedText(
  { cordonedAtMs, drain, maintenance, quarantine }: Closable,
  nowMs: number,
): string {
  const parts: string[] = [];
  if (quarantine !== undefined) {
    parts.push(`quarantined for ${briefDuration(Math.max(0, quarantine.untilMs - nowMs))}`);
  }
  if (cordonedAtMs !== null) parts.push("cordoned");
  if (drain !== null) parts.push(drainText(drain, nowMs));
  const next = maintenance
    .map((window) => nextOccurrence(window, nowMs))
    .sort((a, b) => a.fromMs - b.fromMs)[0];
  if (next !== undefined) parts.push(windowText(next, nowMs));
  return parts.join(", ");
}

function drainText(drain: NonNullable<WorkerView["drain"]>, nowMs: number): string {
  if (drain.stage === "completed") return "drained";
  const then = drain.thenStop ? ", then stops" : "";
  if (drain.deadlineAtMs === null) return `draining${then}`;
  return `draining, deadline ${formatRelative(drain.deadlineAtMs, nowMs)}${then}`;
}

const windowText = ({ fromMs, toMs }: { fromMs: number; toMs: number }, nowMs: number): string =>
  fromMs <= nowMs
    ? `maintenance for ${briefDuration(Math.max(0, toMs - nowMs))}`
    : `maintenance ${formatRelative(fromMs, nowMs)}`;

/** The occurrence that is on, or comes next. */
function nextOccurrence({ fromMs, toMs, everyMs }: MaintenanceWindow, nowMs: number) {
  const over = nowMs - toMs;
  const shiftMs = everyMs === null || over < 0 ? 0 : (Math.floor(over / everyMs) + 1) * everyMs;
  return { fromMs: fromMs + shiftMs, toMs: toMs + shiftMs };
}

const windowColumns: readonly Column[] = [
  { title: "WINDOW" },
  { title: "NEXT" },
  { title: "UNTIL" },
  { title: "EVERY" },
];

export function renderWindows(windows: readonly MaintenanceWindow[], screen: Screen): string[] {
  if (windows.length === 0) return ["no maintenance windows"];
  const rows = windows.map((window) => {
    const { fromMs, toMs } = nextOccurrence(window, screen.nowMs);
    const every = window.everyMs === null ? "" : briefDuration(window.everyMs);
    return [window.id, formatInstant(fromMs, screen), formatInstant(toMs, screen), every];
  });
  return renderTable(windowColumns, rows, screen);
}

const attemptColumns: readonly Column[] = [
  { title: "TASK", elasticTo: 12, cutMiddle: true },
  { title: "WILL" },
  { title: "END" },
  { title: "WITH THE DRAIN" },
  { title: "AGAIN ON", elasticTo: 8, cutMiddle: true },
];

const jobColumns: readonly Column[] = [
  { title: "JOB" },
  { title: "NAME", elasticTo: 10 },
  { title: "FINISH" },
  { title: "WITH THE DRAIN" },
  { title: "SHIFT", align: "right" },
];

const fateWords: Readonly<Record<DrainFate, string>> = {
  finishes: "finish",
  stopped: "be stopped",
  kept: "be kept",
};

export function renderDrainForecast(
  { worker, forecast }: { readonly worker: WorkerView; readonly forecast: DrainForecast },
  screen: Screen,
): string[] {
  const { attempts, moved, unplaced, jobs } = forecast;
  const { name } = worker.facts;
  const head = `${plain(name)}: ${plural(attempts.length, "attempt")} running, ${plural(moved, "waiting task")} planned elsewhere`;
  const lines = [[{ text: head }]];
  if (unplaced > 0)
    lines.push([{ text: `${plural(unplaced, "task")} could run on no other worker` }]);
  const text = (atMs: number | null): string =>
    atMs === null ? "unknown" : `~${formatInstant(atMs, screen)}`;
  const attemptRows = attempts.map(({ taskId, fate, endBeforeMs, endAfterMs, nextWorker }) => [
    taskId,
    fateWords[fate],
    text(endBeforeMs),
    fate === "stopped" ? text(endAfterMs) : "",
    nextWorker,
  ]);
  const jobRows = jobs.map(({ jobId, name: job, finishBeforeMs, finishAfterMs }) => [
    jobId,
    job,
    text(finishBeforeMs),
    text(finishAfterMs),
    finishBeforeMs === null || finishAfterMs === null
      ? ""
      : shiftText(finishAfterMs - finishBeforeMs),
  ]);
  const kept = attempts.some(({ fate }) => fate === "kept");
  return [
    ...paintAll(lines, screen.width),
    ...(attemptRows.length === 0 ? [] : renderTable(attemptColumns, attemptRows, screen)),
    ...(jobRows.length === 0 ? [] : renderTable(jobColumns, jobRows, screen)),
    ...(kept ? paintAll([[{ text: keptNote, style: screen.colour.dim }]], screen.width) : []),
  ];
}

const keptNote = "kept: it may not run twice, so it runs to its end; --force stops it too";

const shiftText = (shiftMs: number): string =>
  shiftMs >= 0 ? `+${briefDuration(shiftMs)}` : `-${briefDuration(-shiftMs)}`;

/** One line for each change while a drain is waited for. */
export function drainProgress({ drain, attempts, facts }: WorkerView, nowMs: number): string {
  if (drain === null) return `${facts.name}: the drain was ended`;
  if (drain.stage === "completed") return `${facts.name}: drained`;
  const left = `${facts.name}: ${plural(attempts, "attempt")} left`;
  if (drain.deadlineAtMs === null) return left;
  return drain.deadlineAtMs > nowMs
    ? `${left}, takes what is done by the deadline`
    : `${left}, the deadline has passed`;
}
