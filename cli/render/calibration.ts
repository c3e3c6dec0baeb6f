/** How far predictions can be trusted: which share of runs and jobs was done when it was foreseen. */
import type { Calibration } from "../../core/calibration.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { paintAll } from "./text.js";
import { formatCount, formatShare } from "./units.js";

const columns: readonly Column[] = [
  { title: "FORESEEN" },
  { title: "BY" },
  { title: "ENDED", align: "right" },
  { title: "BY P50", align: "right" },
  { title: "BY P90", align: "right" },
  { title: "OFF BY", align: "right" },
];

export function renderCalibration({ tasks, jobs }: Calibration, screen: Screen): string[] {
  if (tasks.length === 0 && jobs.jobs === 0) return ["nothing that was foreseen has ended"];
  const rows = tasks.map(({ source, runs, withinP50, withinP90, meanLogError }) => [
    "durations of tasks",
    source,
    formatCount(runs),
    formatShare(withinP50),
    formatShare(withinP90),
    factor(meanLogError),
  ]);
  if (jobs.jobs > 0) {
    rows.push([
      "finish times of jobs",
      "roll-outs",
      formatCount(jobs.jobs),
      formatShare(jobs.withinP50),
      formatShare(jobs.withinP90),
      factor(jobs.medianLogError),
    ]);
  }
  const notes = [
    "of what has succeeded of late; off by: mean factor between p50 and actual (of jobs: median)",
    `a job's p90 is put ${jobs.width.toFixed(2)} times as far from its median as roll-outs have it`,
  ];
  const { dim } = screen.colour;
  return [
    ...renderTable(columns, rows, screen),
    ...paintAll(
      notes.map((text) => [{ text, style: dim }]),
      screen.width,
    ),
  ];
}

/** Of a logarithm: 0 is no error at all. */
const factor = (logError: number): string => `×${Math.exp(logError).toFixed(2)}`;
