import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coloursFor, coloursOff, coloursOn } from "./screen.js";
import { clip, clipMiddle, columnsOf, paint, plain, wrap } from "./text.js";
import { formatBytes, formatChange, formatInstant, formatRelative, formatShare } from "./units.js";

const anyText = fc.string({ unit: "grapheme", maxLength: 40 }).map(plain);

describe("text on a terminal", () => {
  it("counts columns rather than characters", () => {
    expect(columnsOf("abc")).toBe(3);
    expect(columnsOf("日本")).toBe(4);
    expect(columnsOf("e\u0301")).toBe(1);
    expect(columnsOf("👩‍🚀 x")).toBe(4);
    expect(columnsOf("█▌├┤…✓")).toBe(6);
  });

  it("shows control characters instead of obeying them", () => {
    expect(plain("a\u001b[2Jb\nc\td\u202ee")).toBe("a\ufffd[2Jb c d\ufffde");
  });

  it("clips to the width and marks what is cut", () => {
    expect(clip("background", 6)).toBe("backg…");
    expect(clip("日本語", 4)).toBe("日…");
    expect(clipMiddle("background[12]", 9)).toBe("back…[12]");
  });

  it("never exceeds the width it was given", () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 50 }), (text, width) => {
        expect(columnsOf(clip(text, width))).toBeLessThanOrEqual(width);
        expect(columnsOf(clipMiddle(text, width))).toBeLessThanOrEqual(width);
        expect(columnsOf(paint([{ text }, { text }], width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("wraps without losing a word", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 4, max: 50 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      }),
    );
  });
});

describe("colour", () => {
  it("is for terminals, unless the environment says otherwise", () => {
    expect(coloursFor({}, true)).toBe(coloursOn);
    expect(coloursFor({}, false)).toBe(coloursOff);
    expect(coloursFor({ TERM: "dumb" }, true)).toBe(coloursOff);
    expect(coloursFor({ NO_COLOR: "1", FORCE_COLOR: "1" }, true)).toBe(coloursOff);
    expect(coloursFor({ NO_COLOR: "" }, true)).toBe(coloursOn);
    expect(coloursFor({ FORCE_COLOR: "1" }, false)).toBe(coloursOn);
    expect(coloursFor({ FORCE_COLOR: "0" }, true)).toBe(coloursOff);
  });
});

describe("units", () => {
  it("are those that people read", () => {
    expect([0, 512, 1024, 1536 * 1024 ** 2, 5 * 1024 ** 4].map(formatBytes)).toEqual([
      "0 B",
      "512 B",
      "1 KiB",
      "1.5 GiB",
      "5 TiB",
    ]);
    expect([0, 0.0342, 0.9999, 1].map(formatShare)).toEqual(["0 %", "3.4 %", "100 %", "100 %"]);
    expect([0.05, -0.021, 0, -0.0001].map(formatChange)).toEqual([
      "+5 %",
      "-2.1 %",
      "±0 %",
      "±0 %",
    ]);
    expect([90_000, -4_000, 300].map((ms) => formatRelative(ms, 0))).toEqual([
      "in 1m 30s",
      "4s ago",
      "now",
    ]);
  });

  it("show the date of an instant that is far away, in the zone of the reader", () => {
    const nowMs = Date.UTC(2026, 10, 20, 14, 0, 0);
    const at = (timeZone: string, atMs: number): string =>
      formatInstant(atMs, { nowMs, timeZone, width: 80, colour: coloursOff });
    expect(at("UTC", nowMs + 60_000)).toBe("14:01:00");
    expect(at("Asia/Tokyo", nowMs)).toBe("23:00:00");
    expect(at("UTC", nowMs + 86_400_000)).toBe("2026-11-21 14:00");
  });
});
