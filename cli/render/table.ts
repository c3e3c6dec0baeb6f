/**
 * Aligned tables. When the screen is too narrow, elastic columns give way first, then optional
 * columns disappear, the last one first.
 */
import type { Screen, Style } from "./screen.js";
import { clip, clipMiddle, columnsOf, type Line, padEnd, padStart, paint, plain } from "./text.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut down to this many columns; absent: never cut. */
  readonly elasticTo?: number;
  /** Cut in the middle rather than at the end. */
  readonly cutMiddle?: boolean;
  /** Dropped when there is no room. */
  readonly optional?: boolean;
}

export type Cell = string | { readonly text: string; readonly style: Style };

const gap = 2;

/** Lines of a header and one line per row; columns that are empty throughout are left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  screen: Pick<Screen, "width" | "colour">,
): string[] {
  const texts = rows.map((row) => columns.map((_, index) => plain(textOf(row[index]))));
  const used = columns.flatMap((column, index) => {
    const empty = texts.length > 0 && texts.every((row) => row[index] === "");
    return empty ? [] : [{ column, index, width: naturalWidth(column, texts, index) }];
  });
  const fitted = fitColumns(used, screen.width);
  const header: Line = lineOf(fitted, (part) => ({
    text: part.column.title,
    style: screen.colour.dim,
  }));
  const lines = rows.map((row, rowIndex) =>
    lineOf(fitted, ({ index }) => ({
      text: texts[rowIndex]?.[index] ?? "",
      style: styleOf(row[index]),
    })),
  );
  return [header, ...lines].map((line) => paint(line, screen.width));
}

interface Part {
  readonly column: Column;
  readonly index: number;
  readonly width: number;
}

function fitColumns(parts: readonly Part[], width: number): readonly Part[] {
  const shrunk = shrink(parts, width);
  if (totalWidth(shrunk) <= width) return shrunk;
  const dropped = parts.findLast(({ column }) => column.optional === true);
  if (dropped === undefined) return shrunk; // the lines are clipped at the edge
  return fitColumns(
    parts.filter((part) => part !== dropped),
    width,
  );
}

/** Takes from the widest elastic column until all fit or none can give more. */
function shrink(parts: readonly Part[], width: number): Part[] {
  const shrunk = parts.map((part) => ({ ...part }));
  for (let excess = totalWidth(shrunk) - width; excess > 0; excess -= 1) {
    const room = (part: Part): number => part.width - (part.column.elasticTo ?? part.width);
    const giving = shrunk.filter((part) => room(part) > 0);
    if (giving.length === 0) break;
    const widest = giving.reduce((a, b) => (b.width > a.width ? b : a));
    widest.width -= 1;
  }
  return shrunk;
}

const totalWidth = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + part.width, Math.max(0, parts.length - 1) * gap);

function naturalWidth(
  column: Column,
  texts: readonly (readonly string[])[],
  index: number,
): number {
  let width = columnsOf(column.title);
  for (const row of texts) width = Math.max(width, columnsOf(row[index] ?? ""));
  return width;
}

function lineOf(
  parts: readonly Part[],
  content: (part: Part) => { readonly text: string; readonly style: Style | undefined },
): Line {
  return parts.flatMap((part, position) => {
    const { text, style } = content(part);
    const cut = part.column.cutMiddle === true ? clipMiddle : clip;
    const shown = cut(text, part.width);
    const padded =
      part.column.align === "right" ? padStart(shown, part.width) : padEnd(shown, part.width);
    return [{ text: position === 0 ? "" : " ".repeat(gap) }, { text: padded, style }];
  });
}

const textOf = (cell: Cell | undefined): string =>
  cell === undefined ? "" : typeof cell === "string" ? cell : cell.text;
const styleOf = (cell: Cell | undefined): Style | undefined =>
  cell === undefined || typeof cell === "string" ? undefined : cell.style;
