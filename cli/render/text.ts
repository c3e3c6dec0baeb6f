/**
 * Text on a terminal: columns rather than characters, and nothing in it that could move the cursor.
 * Styles are applied last, so that widths are always those of plain text.
 */
import type { Style } from "./screen.js";

export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Line = readonly Span[];

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
/**
 * Characters that are one column each and never join their neighbours: ASCII, Latin, punctuation,
 * arrows, box drawing. Nearly every text is made of these, and segmenting it would be slow.
 */
const simple =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u22ff\u2500-\u25fc\u2713-\u2718]*$/;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** East Asian wide and full-width characters, and the emoji that terminals draw two columns wide. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const spacing = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Names and messages come from users and programs: line breaks become spaces, the rest of the
 * control characters and the marks that turn the direction of writing become visible. */
export function plain(text: string): string {
  if (simple.test(text)) return text;
  return text.replace(spacing, " ").replace(control, "\ufffd");
}

/** The parts of a text that take one or two columns each. */
export function graphemes(text: string): string[] {
  if (simple.test(text)) return [...text];
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

export function graphemeWidth(grapheme: string): number {
  if (simple.test(grapheme)) return grapheme.length;
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) || grapheme.includes("\ufe0f") ? 2 : 1;
}

/** Columns that a text without escape sequences takes. */
export function columnsOf(text: string): number {
  if (simple.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** At most `width` columns; what is cut is marked by an ellipsis. */
export function clip(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  if (width <= 0) return "";
  return `${take(graphemes(text), width - 1)}…`;
}

/** Keeps beginning and end, where the names of tasks differ. */
export function clipMiddle(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  if (width < 5) return clip(text, width);
  const parts = graphemes(text);
  const tailColumns = Math.floor((width - 1) / 2);
  const tail = take([...parts].reverse(), tailColumns, true);
  return `${take(parts, width - 1 - columnsOf(tail))}…${tail}`;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - columnsOf(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - columnsOf(text))) + text;
}

/** One line of text, clipped to `width` and without spaces at its end. */
export function paint(line: Line, width: number): string {
  const kept: { text: string; style: Style | undefined }[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0 || text === "") continue;
    const shown = clip(text, left);
    kept.push({ text: shown, style });
    left -= columnsOf(shown);
  }
  for (let last = kept.at(-1); last !== undefined; last = kept.at(-1)) {
    last.text = last.text.trimEnd();
    if (last.text !== "") break;
    kept.pop();
  }
  return kept.map(({ text, style }) => (style === undefined ? text : style(text))).join("");
}

export const paintAll = (lines: readonly Line[], width: number): string[] =>
  lines.map((line) => paint(line, width));

/** Spans one behind the other with a separator between them. */
export function joinLines(lines: readonly Line[], separator: Span): Line {
  return lines.flatMap((line, index) => (index === 0 ? line : [separator, ...line]));
}

/** Breaks a text at spaces; a longer word is broken where it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of plain(text).split(" ")) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (columnsOf(joined) <= width) {
      current = joined;
      continue;
    }
    if (current !== "") lines.push(current);
    current = word;
    while (columnsOf(current) > width) {
      const head = take(graphemes(current), Math.max(1, width)) || (graphemes(current)[0] ?? "");
      lines.push(head);
      current = current.slice(head.length);
    }
  }
  if (current !== "" || lines.length === 0) lines.push(current);
  return lines;
}

function take(parts: readonly string[], width: number, reversed = false): string {
  const taken: string[] = [];
  let columns = 0;
  for (const part of parts) {
    columns += graphemeWidth(part);
    if (columns > width) break;
    taken.push(part);
  }
  return (reversed ? taken.reverse() : taken).join("");
}
