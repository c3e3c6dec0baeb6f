/** Rows of bars: overlapping ones side by side in slots, labelled where there is room. */
import { cellsPerMs, type Scale } from "./axis.js";
import { blankRow, type CellRow } from "./canvas.js";
import type { Bar, BarState, GanttLane } from "./gantt-model.js";
import type { Colours, Screen, Style } from "./screen.js";
import { clip, columnsOf, graphemes, graphemeWidth, plain, type Span } from "./text.js";

export interface Paint {
  /** For glyphs. */
  readonly foreground: Style;
  /** For a label on the bar. */
  readonly background: Style;
}

/** The colours of a group's bars; bars that did not end well have one of their own. */
export type Palette = (bar: Pick<Bar, "group" | "state">) => Paint;

const hues = [
  ["blue", "bgBlue"],
  ["green", "bgGreen"],
  ["magenta", "bgMagenta"],
  ["cyan", "bgCyan"],
  ["yellow", "bgYellow"],
  ["blueBright", "bgBlueBright"],
  ["greenBright", "bgGreenBright"],
  ["magentaBright", "bgMagentaBright"],
] as const;

/** Fill of a bar and the mark at its end. */
const looks: Readonly<Record<Exclude<BarState, "planned">, readonly [string, string]>> = {
  succeeded: ["█", "▌"],
  running: ["▓", "▶"],
  failed: ["▒", "✗"],
  killed: ["░", "×"],
  unknown: ["░", "?"],
};

/** Bars of fewer cells than this on average say nothing. */
const cellsPerBarMin = 2.5;

export const endOfBar = (bar: Bar, nowMs: number): number =>
  Math.max(bar.startAtMs, bar.endAtMs ?? nowMs);

export function paletteOf(lanes: readonly GanttLane[], colour: Colours): Palette {
  const bars = lanes.flatMap(({ planned, actual }) => [...planned, ...actual]);
  const groups = [...bars].sort((a, b) => a.startAtMs - b.startAtMs).map(({ group }) => group);
  const indices = new Map([...new Set(groups)].map((group, index) => [group, index]));
  const paintOf = (name: (typeof hues)[number][0], onto: (typeof hues)[number][1]): Paint => ({
    foreground: colour[name],
    background: (text) => colour[onto](colour.black(text)),
  });
  const paints = hues.map(([name, onto]) => paintOf(name, onto));
  const bad: Paint = {
    foreground: colour.red,
    background: (text) => colour.bgRed(colour.white(text)),
  };
  return ({ group, state }) => {
    if (state === "failed" || state === "killed" || state === "unknown") return bad;
    return paints[(indices.get(group) ?? 0) % paints.length] ?? bad;
  };
}

/** Rows that a worker takes in a chart of bars. */
export const lanesOf = ({ planned, actual }: GanttLane, nowMs: number): number =>
  slotsOf(planned, nowMs).length + slotsOf(actual, nowMs).length;

export function barsAreVisible(lanes: readonly GanttLane[], scale: Scale, nowMs: number): boolean {
  const bars = lanes.flatMap(({ planned, actual }) => [...planned, ...actual]);
  const totalMs = bars.reduce((sum, bar) => sum + endOfBar(bar, nowMs) - bar.startAtMs, 0);
  return (totalMs * cellsPerMs(scale)) / Math.max(1, bars.length) >= cellsPerBarMin;
}

/** The planned rows of a worker, then the actual ones. */
export function barRows(
  lane: GanttLane,
  scale: Scale,
  palette: Palette,
  screen: Screen,
): CellRow[] {
  return [lane.planned, lane.actual].flatMap((bars) =>
    slotsOf(bars, screen.nowMs).map((slot) => {
      const row = blankRow(scale.cells);
      let free = 0;
      for (const bar of slot) free = drawBar(row, bar, free, scale, palette(bar), screen.nowMs);
      return row;
    }),
  );
}

/** First fit by start: as many slots as bars overlap at most. */
export function slotsOf(bars: readonly Bar[], nowMs: number): Bar[][] {
  const slots: { readonly bars: Bar[]; freeMs: number }[] = [];
  for (const bar of [...bars].sort((a, b) => a.startAtMs - b.startAtMs)) {
    const slot = slots.find(({ freeMs }) => freeMs <= bar.startAtMs);
    const endMs = endOfBar(bar, nowMs);
    if (slot === undefined) slots.push({ bars: [bar], freeMs: endMs });
    else {
      slot.bars.push(bar);
      slot.freeMs = endMs;
    }
  }
  return slots.map((slot) => slot.bars);
}

export function markOf(state: BarState, colour: Colours): Span {
  if (state === "planned") return { text: "├┤", style: colour.blue };
  const [fill, mark] = looks[state];
  const bad = state !== "succeeded" && state !== "running";
  return { text: fill + mark, style: bad ? colour.red : colour.blue };
}

/** Returns the first cell behind the bar; a bar has at least one cell, if one is left. */
function drawBar(
  row: CellRow,
  bar: Bar,
  free: number,
  scale: Scale,
  paint: Paint,
  nowMs: number,
): number {
  const perMs = cellsPerMs(scale);
  const first = Math.max(free, 0, Math.floor((bar.startAtMs - scale.fromMs) * perMs));
  const ideal = Math.round((endOfBar(bar, nowMs) - scale.fromMs) * perMs);
  const end = Math.min(row.length, Math.max(first + 1, ideal));
  if (first >= end) return free;
  const width = end - first;
  if (bar.state === "planned") drawOutline(row, first, width, paint);
  else drawSolid(row, first, width, bar.state, paint);
  drawLabel(row, first + 1, labelFor(bar.label, width - 4), bar.state, paint);
  return end;
}

function drawOutline(row: CellRow, first: number, width: number, paint: Paint): void {
  const text = width === 1 ? "│" : `├${"─".repeat(width - 2)}┤`;
  [...text].forEach((glyph, index) => {
    row[first + index] = { glyph, style: paint.foreground };
  });
}

function drawSolid(
  row: CellRow,
  first: number,
  width: number,
  state: Exclude<BarState, "planned">,
  paint: Paint,
): void {
  const [fill, mark] = looks[state];
  const text = fill.repeat(width - 1) + mark;
  [...text].forEach((glyph, index) => {
    row[first + index] = { glyph, style: paint.foreground };
  });
}

function drawLabel(
  row: CellRow,
  first: number,
  label: string,
  state: BarState,
  paint: Paint,
): void {
  if (label === "") return;
  const style = state === "planned" ? paint.foreground : paint.background;
  let cell = first;
  for (const grapheme of graphemes(` ${label} `)) {
    const width = graphemeWidth(grapheme);
    if (width === 0) continue;
    row[cell] = { glyph: grapheme, style };
    if (width === 2) row[cell + 1] = { glyph: "", style };
    cell += width;
  }
}

/** The whole name, or its beginning and what tells it from its like (`[17]`); else nothing. */
function labelFor(name: string, room: number): string {
  const label = plain(name);
  if (columnsOf(label) <= room) return label;
  const suffix = /\[[^\]]+\]$|_[^_]+$/.exec(label)?.[0] ?? "";
  const head = room - columnsOf(suffix);
  if (suffix !== "" && head >= 4) return clip(label.slice(0, -suffix.length), head) + suffix;
  const index = suffix.replace(/^[[_]|\]$/g, "");
  if (index !== "" && columnsOf(index) <= room) return index;
  return room >= 4 ? clip(label, room) : "";
}
