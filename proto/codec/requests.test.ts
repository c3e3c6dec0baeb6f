import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import { fail, ok } from "../../core/result.js";
import { logStreams } from "../../core/session.js";
import { jobStates } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/job.js";
import {
  decodeJobPage,
  decodeListQuery,
  decodeLogChunk,
  decodeLogsQuery,
  decodeSubmission,
  decodeSubmissions,
  decodeSubmitOutcomes,
  decodeUsage,
  decodeUsageQuery,
  encodeJobPage,
  encodeListQuery,
  encodeLogChunk,
  encodeLogsQuery,
  encodeSubmission,
  encodeSubmitOutcomes,
  encodeUsage,
  encodeUsageQuery,
  submissionsPerBatchMax,
} from "./requests.js";
import * as any from "./testing/arbitraries.js";
import * as jobs from "./testing/jobs.js";
import { fieldsOf, throughWire } from "./testing/wire.js";

const stream = fc.constantFrom(...logStreams);
const submission = fc.record({
  spec: jobs.jobSpec,
  idempotencyKey: fc.oneof(fc.constant(""), any.name),
  dryRun: any.flag,
});

const emptyList = wire.ListRequest.decode(new Uint8Array());

describe("requests and their answers come through the wire as they were", () => {
  it("submissions, alone and in batches", () => {
    fc.assert(
      fc.property(fc.array(submission, { maxLength: 2 }), (values) => {
        const requests = values.map((value) =>
          throughWire(wire.SubmitRequest, encodeSubmission(value)),
        );
        expect(requests.map(decodeSubmission)).toEqual(values.map(ok));
        expect(decodeSubmissions({ requests })).toEqual(ok(values.map(ok)));
      }),
      { numRuns: 30 },
    );
  });

  it("the outcomes of a batch, taken and refused", () => {
    const outcomes = [
      ok({ jobId: jobId("a"), duplicate: false, warnings: [], forecast: null }),
      fail("limit_exceeded", "too many", [{ field: "tasks", message: "too many", limit: 3 }]),
    ];
    const message = throughWire(wire.SubmitBatchResponse, encodeSubmitOutcomes(outcomes));
    expect(decodeSubmitOutcomes(message)).toEqual(outcomes);
  });

  it("usage", () => {
    const query = fc.record({
      namespace: any.text,
      principal: any.text,
      fromMs: fc.option(fc.nat()),
      beforeMs: fc.option(fc.nat()),
    });
    const day = { day: "2026-11-20", principal: "ada", attempts: 3, wallMs: 9, cpuMs: 7 };
    const answer = [{ ...day, unmeasured: 1 }];
    const response = throughWire(wire.UsageResponse, encodeUsage(answer));
    expect(decodeUsage(response)).toEqual(ok(answer));
    fc.assert(
      fc.property(query, (asked) => {
        const request = throughWire(wire.UsageRequest, encodeUsageQuery(asked));
        expect(decodeUsageQuery(request)).toEqual(ok(asked));
      }),
    );
  });

  it("lists", () => {
    const query = fc.record({
      namespace: any.text,
      name: any.text,
      principal: any.text,
      metadata: fc.dictionary(fc.stringMatching(/^k[a-z]{1,9}$/), any.text, { maxKeys: 3 }),
      submittedFromMs: fc.option(fc.nat()),
      submittedBeforeMs: fc.option(fc.nat()),
      states: fc.array(fc.constantFrom(...jobStates), { maxLength: 3 }),
      limit: fc.integer({ min: 1, max: 1_000 }),
      after: any.text,
    });
    const page = fc.record({ jobs: fc.array(jobs.jobSummary, { maxLength: 3 }), next: any.text });
    fc.assert(
      fc.property(query, page, (asked, answer) => {
        const request = throughWire(wire.ListRequest, encodeListQuery(asked));
        expect(decodeListQuery(request)).toEqual(ok(asked));
        const response = throughWire(wire.ListResponse, encodeJobPage(answer));
        expect(decodeJobPage(response)).toEqual(ok(answer));
      }),
    );
  });

  it("logs", () => {
    const query = fc.record({
      task: any.name,
      attemptNumber: fc.option(any.positive, { nil: null }),
      stream: fc.option(stream, { nil: null }),
      follow: any.flag,
      tailBytes: any.countOrNull,
    });
    const chunk = fc.record({
      attempt: any.attempt,
      stream,
      offset: any.count,
      data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      droppedBytes: any.count,
      note: fc.string(),
    });
    fc.assert(
      fc.property(query, chunk, (asked, answer) => {
        const request = throughWire(wire.LogsRequest, encodeLogsQuery(asked));
        expect(decodeLogsQuery(request)).toEqual(ok(asked));
        const response = throughWire(wire.LogsResponse, encodeLogChunk(answer));
        expect(decodeLogChunk(response)).toEqual(ok(answer));
      }),
    );
  });
});

describe("requests are refused by the name of the field", () => {
  it("a submission without a job, or with a key of absurd length", () => {
    expect(fieldsOf(decodeSubmission(wire.SubmitRequest.decode(new Uint8Array())))).toEqual([
      "spec",
    ]);
    const request = { spec: undefined, idempotencyKey: "k".repeat(257), dryRun: false };
    expect(fieldsOf(decodeSubmission(request))).toEqual(["idempotencyKey"]);
  });

  it("a batch that is too large as a whole", () => {
    const request: wire.SubmitRequest = { spec: undefined, idempotencyKey: "", dryRun: false };
    const requests = Array.from({ length: submissionsPerBatchMax + 1 }, () => request);
    expect(decodeSubmissions({ requests })).toMatchObject({
      ok: false,
      error: { code: "limit_exceeded", violations: [{ limit: submissionsPerBatchMax }] },
    });
  });

  it("a state without a name", () => {
    const states = [wire.JobState.JOB_STATE_UNSPECIFIED];
    const request = { ...emptyList, states };
    expect(fieldsOf(decodeListQuery(request))).toEqual(["states[0]"]);
  });

  it("filters that are longer than anything they could be equal to, or too many", () => {
    const metadata = new Map(Array.from({ length: 17 }, (_, index) => [`k${index}`, "v"]));
    const refused = decodeListQuery({ ...emptyList, name: "x".repeat(1_025), metadata });
    expect(fieldsOf(refused)).toEqual(["metadata", "name"]);
    const long = { namespace: "", principal: "x".repeat(1_025), fromMs: -1 };
    expect(fieldsOf(decodeUsageQuery(long))).toEqual(["principal", "fromMs"]);
  });

  it("but a list without a limit gets the usual one", () => {
    const request = emptyList;
    expect(decodeListQuery(request)).toMatchObject({ ok: true, value: { limit: 100 } });
  });
});
