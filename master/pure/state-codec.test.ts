import { describe, expect, it } from "vitest";
import { decodeState, encodeState } from "./state-codec.js";
import { fold } from "./testing/codec-law.js";

describe("a state that was written down", () => {
  it("is refused if a part of it is missing, or doubled", () => {
    const texts = [...encodeState(fold([]))];
    expect(() => decodeState(texts.slice(0, -1))).toThrow(/without its end/);
    expect(() => decodeState([...texts, ...texts])).toThrow(/behind the end/);
  });
});
