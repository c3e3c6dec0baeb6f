import fc from "fast-check";
import { expect, it } from "vitest";
import { coloursOff } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { columnsOf } from "./text.js";

const columns: readonly Column[] = [
  { title: "TASK", elasticTo: 6, cutMiddle: true },
  { title: "COUNT", align: "right" },
  { title: "NOTE", optional: true },
];

it("aligns by columns of the terminal, numbers to the right", () => {
  const rows = [
    ["train[1]", "7", "日本"],
    ["evaluate", "1,024", ""],
  ];
  expect(renderTable(columns, rows, { width: 80, colour: coloursOff })).toEqual([
    "TASK      COUNT  NOTE",
    "train[1]      7  日本",
    "evaluate  1,024",
  ]);
});

it("gives way in elastic columns first, then drops optional ones", () => {
  const rows = [["evaluate[100]", "7", "a note"]];
  const at = (width: number) => renderTable(columns, rows, { width, colour: coloursOff });
  expect(at(28)[1]).toBe("evaluate[100]      7  a note");
  expect(at(24)[1]).toBe("eval…100]      7  a note");
  expect(at(20)[1]).toBe("evaluate[100]      7");
  expect(at(16)[1]).toBe("eval…100]      7");
});

it("leaves out what is empty throughout, and shows a header when there is nothing", () => {
  expect(renderTable(columns, [["a", "1", ""]], { width: 80, colour: coloursOff })).toEqual([
    "TASK  COUNT",
    "a         1",
  ]);
  expect(renderTable(columns, [], { width: 80, colour: coloursOff })).toEqual([
    "TASK  COUNT  NOTE",
  ]);
});

it("never exceeds the width, whatever the cells hold", () => {
  const row = fc.tuple(fc.string({ unit: "grapheme" }), fc.string(), fc.string());
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 8 }),
      fc.integer({ min: 1, max: 120 }),
      (rows, width) => {
        for (const line of renderTable(columns, rows, { width, colour: coloursOff })) {
          expect(columnsOf(line)).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/\n/);
        }
      },
    ),
  );
});
