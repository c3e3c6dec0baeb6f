import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AlmanacError, errorCodes } from "../../core/result.js";
import { errorMetadataKey, fromServiceError, toServiceError } from "./errors.js";
import {
  ClusterServiceClient,
  type ClusterServiceServer,
  ClusterServiceService,
} from "./services.js";
import * as any from "./testing/arbitraries.js";

const error: fc.Arbitrary<AlmanacError> = fc.record({
  code: fc.constantFrom(...errorCodes),
  message: any.text,
  violations: fc.array(
    fc.record(
      { field: any.text, message: any.text, line: any.positive, limit: any.count },
      { requiredKeys: ["field", "message"], noNullPrototype: true },
    ),
    { maxLength: 5 },
  ),
});

/** A real server that answers every call with the error it was given, and a client of it. */
let served: AlmanacError = { code: "internal", message: "", violations: [] };
const server = new Server();
let client: ClusterServiceClient;

beforeAll(async () => {
  const refuse = (_call: unknown, answer: (error: Partial<ServiceError>) => void): void =>
    answer(toServiceError(served));
  const refusing: ClusterServiceServer = {
    getStatus: refuse,
    listWorkers: refuse,
    cordon: refuse,
    uncordon: refuse,
    drain: refuse,
    undrain: refuse,
    liftQuarantine: refuse,
    scheduleMaintenance: refuse,
    removeMaintenance: refuse,
    createToken: refuse,
    listTokens: refuse,
    revokeAccess: refuse,
  };
  server.addService(ClusterServiceService, refusing);
  const port = await new Promise<number>((done, failed) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (problem, bound) =>
      problem === null ? done(bound) : failed(problem),
    ),
  );
  client = new ClusterServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});

const callFor = (problem: AlmanacError): Promise<ServiceError> =>
  new Promise((done, failed) => {
    served = problem;
    client.getStatus({}, (refusal) =>
      refusal === null ? failed(new Error("the call succeeded")) : done(refusal),
    );
  });

describe("an error crosses the wire", () => {
  it("as it was, whatever its code and texts", async () => {
    await fc.assert(
      fc.asyncProperty(error, async (problem) => {
        expect(fromServiceError(await callFor(problem))).toEqual(problem);
      }),
      { numRuns: 60 },
    );
  });

  it("with a status that any gRPC client understands", async () => {
    const refusal = await callFor({ code: "not_found", message: "no job x", violations: [] });
    expect(refusal.code).toBe(status.NOT_FOUND);
    expect(refusal.details).toBe("no job x");
  });

  it("cut to what a peer's header block holds, and says so", async () => {
    const violations = Array.from({ length: 100 }, (_, index) => ({
      field: `tasks[${index}].${"x".repeat(300)}`,
      message: "m".repeat(5_000),
    }));
    const long = { code: "invalid_argument", message: "l".repeat(50_000), violations } as const;
    const back = fromServiceError(await callFor(long));
    expect(back.code).toBe("invalid_argument");
    expect(back.violations.length).toBeGreaterThan(0);
    expect(back.message).toMatch(/\(\d+ more not listed\)$/);
  });

  it("with halves of surrogate pairs replaced, on which encoders would throw", async () => {
    const back = fromServiceError(
      await callFor({ code: "internal", message: "a\ud800b", violations: [] }),
    );
    expect(back.message).toBe("a\ufffdb");
  });
});

describe("what is not one of our errors is made one", () => {
  it("a server that is not there", async () => {
    const nobody = new ClusterServiceClient("127.0.0.1:1", credentials.createInsecure());
    const refusal = await new Promise((done) => nobody.getStatus({}, done));
    nobody.close();
    expect(fromServiceError(refusal).code).toBe("unavailable");
  });

  it.each([
    [status.DEADLINE_EXCEEDED, "unavailable"],
    [status.RESOURCE_EXHAUSTED, "limit_exceeded"],
    [status.UNIMPLEMENTED, "internal"],
    [status.UNAUTHENTICATED, "permission_denied"],
  ])("a bare status %s as %s", (code, expected) => {
    const bare = Object.assign(new Error("x"), { code, details: "why", metadata: new Metadata() });
    expect(fromServiceError(bare)).toEqual({ code: expected, message: "why", violations: [] });
  });

  it("a detail of nonsense falls back to the status", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const metadata = new Metadata();
        metadata.set(errorMetadataKey, Buffer.from(bytes));
        const spoilt = Object.assign(new Error("x"), { code: status.NOT_FOUND, metadata });
        expect(errorCodes).toContain(fromServiceError(spoilt).code);
      }),
    );
  });

  it("anything that can be thrown", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(fromServiceError(thrown).code).toBe("internal");
      }),
    );
    expect(fromServiceError(new TypeError("x is not a function"))).toEqual({
      code: "internal",
      message: "x is not a function",
      violations: [],
    });
  });
});
