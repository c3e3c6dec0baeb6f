/** What users have used, a line per user and day. */
import type { DayUsage } from "../../core/history.js";
import { formatDuration } from "../../core/time.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { formatCount } from "./units.js";

const columns: readonly Column[] = [
  { title: "DAY" },
  { title: "USER", elasticTo: 6 },
  { title: "ATTEMPTS", align: "right" },
  { title: "WALL", align: "right" },
  { title: "CPU", align: "right" },
  { title: "WITHOUT CPU TIME", align: "right", optional: true },
];

export function renderUsage(days: readonly DayUsage[], screen: Screen): string[] {
  if (days.length === 0) return ["no attempt has ended"];
  const rows = days.map(({ day, principal, attempts, wallMs, cpuMs, unmeasured }) => [
    day,
    principal,
    formatCount(attempts),
    formatDuration(wallMs),
    unmeasured === attempts ? "unknown" : formatDuration(cpuMs),
    unmeasured === 0 ? "" : formatCount(unmeasured),
  ]);
  return renderTable(columns, rows, screen);
}
