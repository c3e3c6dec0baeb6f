/** All jobs, a line each. */
import { formatDuration } from "../../core/time.js";
import type { JobSummary } from "../../core/views.js";
import { doneOf } from "./progress.js";
import type { Screen } from "./screen.js";
import { taskStateCell } from "./states.js";
import { type Column, renderTable } from "./table.js";
import { formatCount, formatInstant } from "./units.js";

const columns: readonly Column[] = [
  { title: "JOB" },
  { title: "NAME", elasticTo: 10 },
  { title: "STATE" },
  { title: "DONE", align: "right" },
  { title: "FAILED", align: "right", optional: true },
  { title: "SUBMITTED" },
  { title: "TOOK", align: "right", optional: true },
  { title: "FINISH" },
  { title: "BY 90 %", optional: true },
  { title: "OWNER", elasticTo: 6, optional: true },
];

export function renderJobs(jobs: readonly JobSummary[], screen: Screen): string[] {
  if (jobs.length === 0) return ["no jobs"];
  const { colour } = screen;
  const rows = jobs.map((job) => {
    const { done, total } = doneOf(job);
    const failed = (job.taskCounts.failed ?? 0) + (job.taskCounts.timed_out ?? 0);
    const { finishedAtMs, finishP50AtMs, finishP90AtMs } = job;
    const endMs = finishedAtMs ?? screen.nowMs;
    return [
      job.id,
      job.name,
      taskStateCell(job.pausedAtMs === undefined ? job.state : "paused", colour),
      `${formatCount(done)}/${formatCount(total)}`,
      failed === 0 ? "" : { text: formatCount(failed), style: colour.red },
      formatInstant(job.submittedAtMs, screen),
      formatDuration(Math.max(0, endMs - job.submittedAtMs)),
      finishedAtMs !== null
        ? formatInstant(finishedAtMs, screen)
        : {
            text: finishP50AtMs === null ? "unknown" : `~${formatInstant(finishP50AtMs, screen)}`,
            style: colour.dim,
          },
      finishedAtMs !== null || finishP90AtMs === null
        ? ""
        : { text: `~${formatInstant(finishP90AtMs, screen)}`, style: colour.dim },
      job.principal,
    ];
  });
  return renderTable(columns, rows, screen);
}
