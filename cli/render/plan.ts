/** The plan of the cluster: how good it is, and what runs where and when. */
import { objectiveValue } from "../../core/objective.js";
import type { PlanView } from "../../core/views.js";
import type { Screen } from "./screen.js";
import { taskStateCell } from "./states.js";
import { type Column, renderTable } from "./table.js";
import { type Line, paintAll, plain } from "./text.js";
import { formatInstant, formatRelative, formatShare, plural } from "./units.js";

export interface PlanOptions {
  /** null: all. */
  readonly entriesMax: number | null;
}

const columns: readonly Column[] = [
  { title: "TASK", elasticTo: 14, cutMiddle: true },
  { title: "STATE", optional: true },
  { title: "WORKER", elasticTo: 8, cutMiddle: true },
  { title: "MODE", optional: true },
  { title: "START" },
  { title: "BY 90 %", optional: true },
  { title: "FINISH" },
  { title: "BY 90 %" },
];

export function renderPlan(plan: PlanView, screen: Screen, options: PlanOptions): string[] {
  const sorted = [...plan.entries].sort(
    (a, b) =>
      a.reservation.startP50AtMs - b.reservation.startP50AtMs ||
      a.reservation.worker.localeCompare(b.reservation.worker, "en", { numeric: true }),
  );
  const shown = options.entriesMax === null ? sorted : sorted.slice(0, options.entriesMax);
  const rows = shown.map(({ taskId, state, reservation }) => [
    taskId,
    taskStateCell(state, screen.colour),
    reservation.worker,
    reservation.mode ?? "",
    formatInstant(reservation.startP50AtMs, screen),
    { text: formatInstant(reservation.startP90AtMs, screen), style: screen.colour.dim },
    formatInstant(reservation.endP50AtMs, screen),
    { text: formatInstant(reservation.endP90AtMs, screen), style: screen.colour.dim },
  ]);
  const hidden = sorted.length - shown.length;
  return [
    ...paintAll(headLines(plan, screen), screen.width),
    "",
    ...(rows.length === 0 ? ["nothing is planned"] : renderTable(columns, rows, screen)),
    ...(hidden > 0
      ? paintAll([[{ text: `… and ${plural(hidden, "more task")}` }]], screen.width)
      : []),
  ];
}

function headLines(plan: PlanView, screen: Screen): Line[] {
  const { bold, dim } = screen.colour;
  const { parts, weights } = plan;
  const term = (name: string, amount: number, weight: number, unit: string): string =>
    `${name} ${round(amount)}${unit} × ${weight}`;
  return [
    [
      { text: `plan ${plan.version}`, style: bold },
      {
        text: ` by ${plain(plan.solver)}, ${formatRelative(plan.adoptedAtMs, screen.nowMs)}`,
        style: dim,
      },
    ],
    [
      { text: "value    ", style: dim },
      { text: round(plan.value) },
      { text: `   bound ${round(plan.bound)}` },
      { text: `   gap ${formatShare(plan.gap)}`, style: bold },
      { text: "   against estimated durations", style: dim },
    ],
    [
      { text: "parts    ", style: dim },
      {
        text: [
          term("makespan", parts.makespanS, weights.makespan, "s"),
          term("flow", parts.flowS, weights.flow, "s"),
          term("tardiness", parts.tardinessS, weights.tardiness, "s"),
          term("moves", parts.moves, weights.moves, ""),
          ...(parts.cost > 0 ? [term("cost", parts.cost, weights.cost, "")] : []),
          ...(parts.skipped > 0 ? [term("left out", parts.skipped, 1, "")] : []),
        ].join(" + "),
      },
      { text: ` = ${round(objectiveValue(weights, parts))}`, style: dim },
    ],
  ];
}

const round = (value: number): string => String(Math.round(value * 100) / 100);
