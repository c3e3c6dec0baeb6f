/** What holds for everything that is rendered. */
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { coloursOn, type Screen } from "../screen.js";
import { columnsOf } from "../text.js";
import { screenOf } from "./fixtures.js";

const widths = [20, 40, 79, 80, 100, 140, 200] as const;
/** For what is large. */
export const fewWidths = [40, 140] as const;

/**
 * No line is wider than the screen or ends in a space; colour adds nothing but colour; the text is
 * as it is in the golden file, if one is named.
 */
export async function expectRendering(
  render: (screen: Screen) => readonly string[],
  nowMs: number,
  golden: { readonly name: string; readonly width: number } | null = null,
  at: readonly number[] = widths,
): Promise<void> {
  for (const width of at) {
    const lines = render(screenOf(width, nowMs));
    const offenders = lines.filter((line) => columnsOf(line) > width || line !== line.trimEnd());
    expect(offenders, `at ${width} columns`).toEqual([]);
    const coloured = render({ ...screenOf(width, nowMs), colour: coloursOn });
    expect(stripVTControlCharacters(coloured.join("\n"))).toBe(lines.join("\n"));
  }
  if (golden === null) return;
  const text = `${render(screenOf(golden.width, nowMs)).join("\n")}\n`;
  await expect(text).toMatchFileSnapshot(`golden/${golden.name}.txt`);
}
