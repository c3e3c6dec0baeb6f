import { describe, expect, it } from "vitest";
import { jobId } from "../../core/ids.js";
import { ok } from "../../core/result.js";
import {
  clusterStatusJson,
  errorJson,
  formatJson,
  type Json,
  jobJson,
  jobsJson,
  planJson,
  receiptJson,
  watchEventJson,
  workersJson,
} from "./json.js";
import {
  clusterFixture,
  jobFixture,
  planFixture,
  submittedAtMs,
  threeWorkers,
  workersFixture,
} from "./testing/fixtures.js";

const job = jobFixture({ tasks: 3, workers: threeWorkers, atMs: 4_000 });
const all: Readonly<Record<string, Json>> = {
  job: jobJson(job),
  jobs: jobsJson([job.summary]),
  plan: planJson(planFixture(job)),
  workers: workersJson(workersFixture()),
  status: clusterStatusJson(clusterFixture()),
  receipt: receiptJson({
    jobId: jobId("j-1"),
    duplicate: false,
    warnings: [{ field: "tasks.a", message: "no estimate", line: 3 }],
    forecast: null,
  }),
  error: errorJson({
    code: "limit_exceeded",
    message: "too many tasks",
    violations: [{ field: "tasks", message: "at most 100000", limit: 100_000 }],
  }),
  watchTask: watchEventJson({
    sequence: 7,
    atMs: submittedAtMs,
    change: { kind: "job", job: job.summary },
  }),
};

describe("JSON for programs", () => {
  it("keeps its names", () => expect(formatJson(all)).toMatchFileSnapshot("golden/views.json"));

  it("writes every instant as ISO 8601 in UTC, and no instant as a number", () => {
    const pairs = pairsOf(all);
    const instants = pairs.filter(([key]) => /At$|^at$|^since$/.test(key));
    expect(instants.length).toBeGreaterThan(20);
    for (const [key, value] of instants) {
      if (value !== null) expect(value, key).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
    for (const [key, value] of pairs) {
      if (typeof value === "number") expect(value, key).not.toBeGreaterThan(1e12);
    }
  });

  it("has camelCase names only, and survives a round trip", () => {
    for (const [key] of pairsOf(all)) expect(key).toMatch(/^[a-z][A-Za-z0-9]*$|^timed_out$/);
    expect(ok(JSON.parse(formatJson(all)))).toEqual(ok(all));
  });

  it("gives an empty list as an empty list", () => {
    expect(jobsJson([])).toEqual([]);
    expect(workersJson([])).toEqual([]);
  });
});

function pairsOf(json: Json): [string, Json][] {
  if (json === null || typeof json !== "object") return [];
  if (Array.isArray(json)) return json.flatMap((each: Json) => pairsOf(each));
  return Object.entries(json).flatMap(([key, value]): [string, Json][] => [
    [key, value],
    ...pairsOf(value),
  ]);
}
