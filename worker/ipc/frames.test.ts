import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameDecoder, encodeFrame } from "./frames.js";

describe("frames between agent and supervisor", () => {
  test("come out as they went in, however the stream is cut", () => {
    const messages = fc.array(fc.record({ kind: fc.string(), n: fc.integer() }), { maxLength: 10 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(200), { maxLength: 40 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encodeFrame));
        const decode = createFrameDecoder();
        const received: unknown[] = [];
        let position = 0;
        for (const cut of cuts) {
          received.push(...decode(bytes.subarray(position, position + cut)));
          position = Math.min(bytes.length, position + cut);
        }
        received.push(...decode(bytes.subarray(position)));
        expect(received).toEqual(sent);
      }),
    );
  });

  test("may have the limit's length and not one byte more", () => {
    const frame = encodeFrame("12345678");
    expect(createFrameDecoder(10)(frame)).toEqual(["12345678"]);
    expect(() => createFrameDecoder(9)(frame)).toThrow(/10 bytes, limit 9/);
  });
});
