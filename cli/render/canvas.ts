/** A row of terminal cells that are written one by one and shown as few runs of one style. */
import type { Style } from "./screen.js";
import type { Span } from "./text.js";

export interface CanvasCell {
  /** One column wide; empty behind a glyph of two columns. */
  readonly glyph: string;
  readonly style: Style | undefined;
}

export type CellRow = CanvasCell[];

const blank: CanvasCell = { glyph: " ", style: undefined };

export const blankRow = (cells: number, filler: CanvasCell = blank): CellRow =>
  new Array<CanvasCell>(cells).fill(filler);

export function cellRowLine(row: CellRow): Span[] {
  const spans: { text: string; style: Style | undefined }[] = [];
  for (const { glyph, style } of row) {
    const last = spans.at(-1);
    if (last !== undefined && last.style === style) last.text += glyph;
    else spans.push({ text: glyph, style });
  }
  return spans;
}
