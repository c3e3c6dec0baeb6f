/** Rows of shares: how many of a worker's slots were busy, cell by cell. */
import { cellsPerMs, type Scale } from "./axis.js";
import { blankRow, type CellRow } from "./canvas.js";
import { endOfBar, slotsOf } from "./gantt-bars.js";
import type { Bar, BarState, GanttLane } from "./gantt-model.js";
import type { Screen } from "./screen.js";
import type { Line } from "./text.js";
import { formatShare } from "./units.js";

const levels = [..." ▁▂▃▄▅▆▇█"];

export interface DensityRow {
  readonly tag: string;
  readonly row: CellRow;
  /** Share of the slots that was busy on average. */
  readonly right: string;
}

export function densityRows(lane: GanttLane, scale: Scale, screen: Screen): DensityRow[] {
  const { planned, actual } = lane;
  // One measure for both rows, so that they compare.
  const slots = Math.max(
    1,
    slotsOf(planned, screen.nowMs).length,
    slotsOf(actual, screen.nowMs).length,
  );
  const rows = [
    { tag: "planned", bars: planned, style: screen.colour.blue },
    { tag: "actual", bars: actual, style: screen.colour.green },
  ];
  return rows
    .filter(({ bars }) => bars.length > 0)
    .map(({ tag, bars, style }) => {
      const shares = sharesOf(bars, slots, scale, screen.nowMs);
      const bad = cellsOfBadEnds(bars, scale, screen.nowMs);
      const row = blankRow(scale.cells);
      shares.forEach((share, cell) => {
        if (bad.has(cell)) row[cell] = { glyph: "✗", style: screen.colour.red };
        else if (share > 0) row[cell] = { glyph: glyphOf(share), style };
      });
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      return { tag, row, right: formatShare(Math.round(mean * 100) / 100) };
    });
}

export function densityLegend(present: ReadonlySet<BarState>, screen: Screen): Line {
  const { blue, dim, red } = screen.colour;
  const bad = present.has("failed") || present.has("killed") || present.has("unknown");
  return [
    { text: levels.slice(1).join(""), style: blue },
    { text: " share of slots busy, its mean at the right", style: dim },
    { text: bad ? "   ✗" : "", style: red },
    { text: bad ? " failed, killed or lost" : "", style: dim },
  ];
}

/** Busy time within each cell over the time that all slots together have there, in [0, 1]. */
export function sharesOf(
  bars: readonly Bar[],
  slots: number,
  scale: Scale,
  nowMs: number,
): number[] {
  const perMs = cellsPerMs(scale);
  const shares = new Array<number>(scale.cells).fill(0);
  for (const bar of bars) {
    const from = Math.max(0, (bar.startAtMs - scale.fromMs) * perMs);
    const to = Math.min(scale.cells, (endOfBar(bar, nowMs) - scale.fromMs) * perMs);
    for (let cell = Math.floor(from); cell < to; cell += 1) {
      const overlap = Math.min(to, cell + 1) - Math.max(from, cell);
      shares[cell] = Math.min(1, (shares[cell] ?? 0) + overlap / slots);
    }
  }
  return shares;
}

function cellsOfBadEnds(bars: readonly Bar[], scale: Scale, nowMs: number): Set<number> {
  const perMs = cellsPerMs(scale);
  const cells = bars
    .filter(({ state }) => state === "failed" || state === "killed" || state === "unknown")
    .map((bar) => Math.floor((endOfBar(bar, nowMs) - scale.fromMs) * perMs));
  return new Set(cells.map((cell) => Math.max(0, Math.min(scale.cells - 1, cell))));
}

const glyphOf = (share: number): string =>
  levels[Math.max(1, Math.round(share * (levels.length - 1)))] ?? "█";
