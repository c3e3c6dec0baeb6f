import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobId, workerId } from "../../core/ids.js";
import { ok } from "../../core/result.js";
import { drainFates } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/cluster.js";
import {
  decodeDrainForecast,
  decodeDrainOrder,
  decodeMaintenanceOrder,
  encodeDrainForecast,
  encodeDrainOrder,
  encodeMaintenanceOrder,
} from "./operations.js";
import * as any from "./testing/arbitraries.js";
import * as jobs from "./testing/jobs.js";
import { fieldsOf, throughWire } from "./testing/wire.js";

const worker = any.name.map(workerId);

describe("what operators ask comes through the wire as it was", () => {
  it("drains, and what is foreseen of them", () => {
    const order = fc.record({
      worker,
      deadlineMs: any.countOrNull,
      force: any.flag,
      thenStop: any.flag,
      dryRun: any.flag,
    });
    const forecast = fc.record({
      attempts: fc.array(
        fc.record({
          taskId: jobs.taskOfAny,
          fate: fc.constantFrom(...drainFates),
          endBeforeMs: any.countOrNull,
          endAfterMs: any.countOrNull,
          nextWorker: any.text,
        }),
        { maxLength: 3 },
      ),
      moved: fc.nat(1_000),
      unplaced: fc.nat(1_000),
      jobs: fc.array(
        fc.record({
          jobId: any.name.map(jobId),
          name: any.text,
          finishBeforeMs: any.countOrNull,
          finishAfterMs: any.countOrNull,
        }),
        { maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(order, forecast, (asked, foreseen) => {
        const request = throughWire(wire.DrainRequest, encodeDrainOrder(asked));
        expect(decodeDrainOrder(request)).toEqual(ok(asked));
        const answer = throughWire(wire.DrainForecast, encodeDrainForecast(foreseen));
        expect(decodeDrainForecast(answer)).toEqual(ok(foreseen));
      }),
      { numRuns: 100 },
    );
  });

  it("maintenance windows, which have no id yet", () => {
    const everyMs = fc.constantFrom(null, 1, 604_800_000);
    const window = fc.record({ fromMs: any.count, toMs: any.count, everyMs });
    fc.assert(
      fc.property(fc.record({ worker, window }), (order) => {
        const request = encodeMaintenanceOrder(order);
        const arrived = throughWire(wire.ScheduleMaintenanceRequest, request);
        expect(decodeMaintenanceOrder(arrived)).toEqual(ok(order));
      }),
      { numRuns: 100 },
    );
  });
});

describe("what makes no sense is refused by field", () => {
  it("a drain of nobody, by a time before now", () => {
    const request = { worker: "", deadlineMs: -1, force: false, thenStop: false, dryRun: false };
    expect(fieldsOf(decodeDrainOrder(request))).toEqual(["worker", "deadlineMs"]);
  });

  it("a window that is missing, or comes again at once", () => {
    const window = { id: "", fromMs: 0, toMs: 1, everyMs: 0 };
    expect(fieldsOf(decodeMaintenanceOrder({ worker: "a", window }))).toEqual(["window.everyMs"]);
    expect(fieldsOf(decodeMaintenanceOrder({ worker: "a", window: undefined }))).toContain(
      "window",
    );
  });
});
