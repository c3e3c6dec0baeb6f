/**
 * A Gantt chart in text: what was planned as a thin outline, what happened as a solid bar below it,
 * worker by worker on one time axis. When bars would be too small to see, the same rows show which
 * share of each worker's slots was busy.
 */
import { gapOf } from "../../core/plan.js";
import { formatDuration } from "../../core/time.js";
import { type Scale, type Tick, ticksOf } from "./axis.js";
import { blankRow, type CellRow, cellRowLine } from "./canvas.js";
import { barRows, barsAreVisible, lanesOf, markOf, type Palette, paletteOf } from "./gantt-bars.js";
import { densityLegend, densityRows } from "./gantt-density.js";
import {
  type BarState,
  barStates,
  type Gantt,
  type GanttLane,
  type GanttSummary,
} from "./gantt-model.js";
import type { Screen } from "./screen.js";
import { clipMiddle, columnsOf, type Line, padEnd, padStart, paintAll, plain } from "./text.js";
import { formatChange, formatShare, plural } from "./units.js";

export interface GanttOptions {
  readonly mode?: "auto" | "bars" | "density";
  /** One row of what happened (or was planned) per slot, no legend, no blank lines. */
  readonly compact?: boolean;
  readonly workersMax?: number;
}

/** Above this many rows the bars give way to shares. */
const rowsMax = 48;
const workersMaxDefault = 40;
const gutterMax = 18;

export function renderGantt(gantt: Gantt, screen: Screen, options: GanttOptions = {}): string[] {
  const compact = options.compact === true;
  const lanes = compact ? gantt.lanes.map(onlyOneKind) : gantt.lanes;
  const shown = lanes.slice(0, options.workersMax ?? workersMaxDefault);
  if (shown.every(({ planned, actual }) => planned.length + actual.length === 0)) {
    return paintAll([[{ text: "nothing is planned and nothing has run yet" }]], screen.width);
  }
  const chart = layoutOf(gantt, shown, screen, options);
  const rows = shown.flatMap((lane, index) => {
    const lines = laneLines(lane, chart, screen);
    return index > 0 && chart.spaced && !compact ? [[], ...lines] : lines;
  });
  const more = lanes.length - shown.length;
  return paintAll(
    [
      ...axisLines(chart, screen),
      ...rows,
      ...(more > 0 ? [[{ text: `… and ${plural(more, "more worker")}` }]] : []),
      ...(compact ? [] : [[], legendLine(shown, chart, screen)]),
      ...(gantt.summary === null ? [] : [[], ...summaryLines(gantt.summary, screen)]),
    ],
    screen.width,
  );
}

interface Chart {
  readonly scale: Scale;
  readonly gutter: number;
  readonly ticks: readonly Tick[];
  readonly dense: boolean;
  readonly spaced: boolean;
  readonly palette: Palette;
  readonly tagged: boolean;
}

function layoutOf(
  gantt: Gantt,
  lanes: readonly GanttLane[],
  screen: Screen,
  options: GanttOptions,
): Chart {
  const names = Math.max(...lanes.map(({ worker }) => columnsOf(plain(worker))));
  const name = Math.max(4, Math.min(names, gutterMax, Math.floor(screen.width / 4)));
  const scaleWith = (gutter: number, right: number): Scale => ({
    fromMs: gantt.fromMs,
    toMs: Math.max(gantt.toMs, gantt.fromMs + 1),
    cells: Math.max(1, screen.width - gutter - right),
  });
  const bars = scaleWith(name + 2, 0);
  const rowCount = lanes.reduce((sum, lane) => sum + lanesOf(lane, screen.nowMs), 0);
  const dense =
    options.mode === "density" ||
    (options.mode !== "bars" && (rowCount > rowsMax || !barsAreVisible(lanes, bars, screen.nowMs)));
  const tagged = dense && lanes.some(({ planned }) => planned.length > 0);
  const gutter = name + 2 + (tagged ? 9 : 0);
  const scale = dense ? scaleWith(gutter, 6) : bars;
  return {
    scale,
    gutter,
    ticks: ticksOf(scale),
    dense,
    spaced: dense ? lanes.length * 3 <= rowsMax : rowCount + lanes.length <= rowsMax,
    palette: paletteOf(lanes, screen.colour),
    tagged,
  };
}

function laneLines(lane: GanttLane, chart: Chart, screen: Screen): Line[] {
  const { dim, bold } = screen.colour;
  const rows: { readonly tag: string; readonly row: CellRow; readonly right: string }[] =
    chart.dense
      ? densityRows(lane, chart.scale, screen)
      : barRows(lane, chart.scale, chart.palette, screen).map((row) => ({
          tag: "",
          row,
          right: "",
        }));
  return rows.map(({ tag, row, right }, index) => {
    const tagWidth = chart.tagged ? 9 : 0;
    const nameWidth = chart.gutter - tagWidth;
    const name = index === 0 ? clipMiddle(plain(lane.worker), nameWidth - 2) : "";
    return [
      { text: padEnd(name, nameWidth), style: bold },
      ...(chart.tagged ? [{ text: padEnd(tag, tagWidth), style: dim }] : []),
      ...cellRowLine(withGrid(row, chart.ticks, screen)),
      ...(right === "" ? [] : [{ text: padStart(right, 6), style: dim }]),
    ];
  });
}

/** Dots below the ticks guide the eye through empty stretches. */
function withGrid(row: CellRow, ticks: readonly Tick[], screen: Screen): CellRow {
  for (const { cell } of ticks) {
    const under = row[cell];
    if (under?.glyph === " " && under.style === undefined)
      row[cell] = { glyph: "·", style: screen.colour.dim };
  }
  return row;
}

function axisLines(chart: Chart, screen: Screen): Line[] {
  const { scale, ticks } = chart;
  const { dim } = screen.colour;
  let labels = "";
  for (const { cell, label } of ticks) labels = padEnd(labels, cell) + label;
  const rule = blankRow(scale.cells, { glyph: "─", style: dim });
  for (const { cell } of ticks) rule[cell] = { glyph: "┬", style: dim };
  const now = Math.floor(
    ((screen.nowMs - scale.fromMs) * scale.cells) / (scale.toMs - scale.fromMs),
  );
  if (now >= 0 && now < scale.cells) rule[now] = { glyph: "▼", style: screen.colour.yellow };
  const margin = { text: " ".repeat(chart.gutter) };
  return [
    [margin, { text: labels, style: dim }],
    [margin, ...cellRowLine(rule)],
  ];
}

function legendLine(lanes: readonly GanttLane[], chart: Chart, screen: Screen): Line {
  const { dim } = screen.colour;
  const present = new Set(
    lanes.flatMap(({ planned, actual }) => [...planned, ...actual].map(({ state }) => state)),
  );
  const now = { text: screenHasNow(chart, screen) ? "  ▼ now" : "", style: dim };
  if (chart.dense) return [...densityLegend(present, screen), now];
  const names: Readonly<Record<BarState, string>> = {
    planned: "planned",
    succeeded: "succeeded",
    running: "running",
    failed: "failed",
    killed: "killed or lost",
    unknown: "unknown",
  };
  const entries = barStates
    .filter((state) => present.has(state))
    .flatMap((state, index) => [
      { text: index === 0 ? "" : "  " },
      markOf(state, screen.colour),
      { text: ` ${names[state]}`, style: dim },
    ]);
  return [...entries, now];
}

const screenHasNow = ({ scale }: Chart, { nowMs }: Screen): boolean =>
  nowMs >= scale.fromMs && nowMs < scale.toMs;

export function summaryLines(summary: GanttSummary, screen: Screen): Line[] {
  const { bold, dim } = screen.colour;
  const { plannedMs, actualMs, boundMs, finished, solver } = summary;
  const lines: Line[] = [];
  const parts = [
    ...(plannedMs === null ? [] : [`planned ${formatDuration(plannedMs)}`]),
    ...(actualMs === null ? [] : [`${finished ? "actual" : "so far"} ${formatDuration(actualMs)}`]),
  ];
  const change =
    finished && plannedMs !== null && plannedMs > 0 && actualMs !== null
      ? `  ${formatChange(actualMs / plannedMs - 1)}`
      : "";
  if (parts.length > 0) {
    lines.push([
      { text: "makespan  ", style: dim },
      { text: parts.join("   ") },
      { text: change, style: bold },
    ]);
  }
  if (boundMs !== null && plannedMs !== null) {
    const gap = formatShare(gapOf(plannedMs, boundMs));
    const by = solver === null || solver === "" ? "" : `; planned by ${solver}`;
    lines.push([
      { text: "bound     ", style: dim },
      { text: formatDuration(boundMs) },
      { text: `   gap ${gap}`, style: bold },
      { text: `   against estimated durations${by}`, style: dim },
    ]);
  }
  return lines;
}

const onlyOneKind = (lane: GanttLane): GanttLane =>
  lane.actual.length > 0 ? { ...lane, planned: [] } : lane;
