import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Length } from "./violations.js";

test("utf8Length counts the bytes that an encoder would write", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});
