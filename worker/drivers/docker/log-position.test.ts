import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogStreamName } from "../../../core/session.js";
import { createFrameReader, createLogPosition, type LogMessage } from "./log-position.js";

const timeOf = (tick: number): string => `2026-01-02T15:04:05.${String(tick).padStart(9, "0")}Z`;

function frame({ stream, time, data }: LogMessage): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === "stderr" ? 2 : 1;
  header.writeUInt32BE(time.length + 1 + data.length, 4);
  return Buffer.concat([header, Buffer.from(`${time} `), data]);
}

/** Times stand still or go on, within each stream. */
const messages = fc
  .array(
    fc.record({
      stream: fc.constantFrom<LogStreamName>("stdout", "stderr"),
      step: fc.nat({ max: 2 }),
      bytes: fc.uint8Array({ maxLength: 20 }),
    }),
    { maxLength: 30 },
  )
  .map((steps) => {
    let tick = 0;
    return steps.map(({ stream, step, bytes }): LogMessage => {
      tick += step;
      return { stream, time: timeOf(tick), data: Buffer.from(bytes) };
    });
  });

describe("the frames of a log", () => {
  test("are the same however the stream is cut into chunks", () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 50 }), (given, size) => {
        const read = createFrameReader();
        const whole = Buffer.concat(given.map(frame));
        const found: LogMessage[] = [];
        for (let at = 0; at < whole.length; at += size) {
          found.push(...read(whole.subarray(at, at + size)).map((one) => ({ ...one })));
        }
        expect(found).toEqual(given);
      }),
    );
  });
});

describe("reading on after the connection broke", () => {
  test("loses and doubles nothing, wherever and however often it breaks", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), (given, breaks) => {
        const position = createLogPosition();
        const taken: LogMessage[] = [];
        for (const upTo of [...breaks.sort((a, b) => a - b), given.length]) {
          position.restart();
          taken.push(...given.slice(0, upTo).filter(position.isNew));
        }
        for (const stream of ["stdout", "stderr"]) {
          const of = (all: LogMessage[]): LogMessage[] =>
            all.filter((one) => one.stream === stream);
          expect(of(taken)).toEqual(of(given));
        }
      }),
    );
  });

  test("asks for no more than what came shortly before", () => {
    const position = createLogPosition();
    expect(position.restart()).toBe("0");
    position.isNew({ stream: "stdout", time: timeOf(7), data: Buffer.from("x") });
    expect(position.restart()).toBe(`${Date.parse("2026-01-02T15:04:04Z") / 1_000}.000000007`);
  });
});
