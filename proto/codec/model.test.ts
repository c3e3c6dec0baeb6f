import { describe, expect, it } from "vitest";
import { decodeEvaluateRequest, decodePromotion, encodePromotion } from "./model.js";

describe("what people ask about models", () => {
  it.each([
    { version: "v3", pin: true },
    { version: null, pin: false },
  ])("comes over the wire as it was asked: %o", (promotion) => {
    expect(decodePromotion(encodePromotion(promotion))).toEqual({ ok: true, value: promotion });
  });

  it("names a version, of a length that a name may have", () => {
    expect(decodePromotion({ version: "v".repeat(100_000), pin: false })).toMatchObject({
      error: { code: "limit_exceeded", violations: [{ field: "version" }] },
    });
    expect(decodeEvaluateRequest({ version: "" })).toMatchObject({
      error: { code: "invalid_argument", violations: [{ field: "version" }] },
    });
    expect(decodeEvaluateRequest({ version: "v3" })).toEqual({ ok: true, value: "v3" });
  });
});
