import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Calibration } from "../../core/calibration.js";
import { ok } from "../../core/result.js";
import { estimateSources } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/model.js";
import { decodeCalibration, encodeCalibration } from "./calibration.js";
import * as any from "./testing/arbitraries.js";
import { fieldsOf, survives, throughWire } from "./testing/wire.js";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const calibration: fc.Arbitrary<Calibration> = fc.record({
  tasks: fc.array(
    fc.record({
      source: fc.constantFrom(...estimateSources),
      runs: any.count,
      meanLogError: any.amount,
      withinP50: share,
      withinP90: share,
    }),
  ),
  jobs: fc.record({
    jobs: any.count,
    withinP50: share,
    withinP90: share,
    medianLogError: any.amount,
    // The wire knows one zero.
    width: fc.double({ min: -100, max: 100, noNaN: true }).map((width) => width + 0),
  }),
});

describe("calibration on the wire", () => {
  it("comes out as it went in", () => {
    fc.assert(
      fc.property(calibration, (one) => {
        const message = throughWire(wire.GetCalibrationResponse, encodeCalibration(one));
        expect(decodeCalibration(message)).toEqual(ok(one));
      }),
    );
  });

  it("is refused by the name of the field where it is wrong", () => {
    const task = { source: "oracle", runs: -1, meanLogError: -1, withinP50: 2, withinP90: -1 };
    expect(fieldsOf(decodeCalibration({ tasks: [task], jobs: undefined }))).toEqual([
      "tasks[0].source",
      "tasks[0].runs",
      "tasks[0].meanLogError",
      "tasks[0].withinP50",
      "tasks[0].withinP90",
      "jobs",
    ]);
  });

  it("never throws, whatever the bytes", () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        if (survives(wire.GetCalibrationResponse, decodeCalibration, bytes)) messages += 1;
      }),
      { numRuns: 2_000 },
    );
    expect(messages).toBeGreaterThan(20);
  });
});
