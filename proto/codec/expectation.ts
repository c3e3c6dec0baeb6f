/** What like tasks let expect, between wire and core/views.ts. */
import type { Expectation, PeakMemory } from "../../core/views.js";
import type * as wire from "../gen/almanac/v1/job.js";
import { integer, optional, type Scope } from "./decoding.js";

export const encodeExpectation = ({ peakMemory, ...rest }: Expectation): wire.Expectation => ({
  ...rest,
  peakMemory: peakMemory ?? undefined,
});

export const readExpectation = (scope: Scope, message: wire.Expectation): Expectation => ({
  askedMemoryBytes: integer(scope, "askedMemoryBytes", message.askedMemoryBytes),
  peakMemory: optional(scope, "peakMemory", message.peakMemory, readPeakMemory),
  ends: integer(scope, "ends", message.ends),
  failures: integer(scope, "failures", message.failures),
});

const readPeakMemory = (scope: Scope, message: wire.PeakMemory): PeakMemory => ({
  p50Bytes: integer(scope, "p50Bytes", message.p50Bytes),
  p95Bytes: integer(scope, "p95Bytes", message.p95Bytes),
  runs: integer(scope, "runs", message.runs),
});
