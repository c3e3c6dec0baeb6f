import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogPull, LogPush, MasterMessage, WorkerMessage } from "../../core/session.js";
import { refusalReasons } from "../../core/session.js";
import * as wire from "../gen/almanac/v1/worker.js";
import * as any from "./testing/arbitraries.js";
import {
  decodeLogPull,
  decodeLogPush,
  decodeMasterMessage,
  decodeWorkerMessage,
  encodeLogPull,
  encodeLogPush,
  encodeMasterMessage,
  encodeWorkerMessage,
} from "./worker.js";

const started = fc.record({ attempt: any.attempt, startedAtMs: any.count, pid: any.count });
const finished = fc.record({
  attempt: any.attempt,
  outcome: any.outcome,
  usage: any.usage,
  startedAtMs: any.countOrNull,
  endedAtMs: any.count,
  stdoutBytes: any.count,
  stderrBytes: any.count,
});
const hello = fc.record({
  incarnation: any.incarnation,
  facts: any.workerFacts,
  epochSeen: any.count,
  live: fc.array(started, { maxLength: 3 }),
  unacknowledged: fc.array(finished, { maxLength: 3 }),
});
const plainWorkerMessage: fc.Arbitrary<WorkerMessage> = fc.record({
  sequence: any.positive,
  acknowledged: any.count,
  hello: fc.option(hello, { nil: null }),
  heartbeat: fc.option(fc.record({ freeMemoryBytes: any.count, loadAverage: any.amount }), {
    nil: null,
  }),
  started: fc.array(started, { maxLength: 3 }),
  finished: fc.array(finished, { maxLength: 3 }),
  refused: fc.array(
    fc.record({
      attempt: any.attempt,
      reason: fc.constantFrom(...refusalReasons),
      message: any.text,
    }),
    { maxLength: 3 },
  ),
});
const answer = fc.record({
  attempt: any.attempt,
  held: any.flag,
  problem: fc.option(any.text, { nil: null }),
});
const workerMessage: fc.Arbitrary<WorkerMessage> = fc
  .tuple(plainWorkerMessage, fc.array(answer, { maxLength: 2 }))
  .map(([message, held]) => (held.length === 0 ? message : { ...message, held }));

const launch = fc.record({
  attempt: any.attempt,
  epoch: any.count,
  driver: fc.constant("process" as const),
  command: any.command,
  resources: any.resources,
  devices: fc.array(any.name, { maxLength: 3 }),
  timeoutMs: any.countOrNull,
  killGraceMs: any.count,
  stopWhenLostAfterMs: any.countOrNull,
  logBytesMax: any.count,
});
const plainMasterMessage: fc.Arbitrary<MasterMessage> = fc.record({
  sequence: any.positive,
  acknowledged: any.count,
  welcome: fc.option(
    fc.record({
      epoch: any.count,
      heartbeatIntervalMs: any.positive,
      silenceLimitMs: any.positive,
      keep: fc.array(any.attempt, { maxLength: 3 }),
      kill: fc.array(any.attempt, { maxLength: 3 }),
    }),
    { nil: null },
  ),
  launches: fc.array(launch, { maxLength: 3 }),
  leave: fc.boolean(),
  stops: fc.array(
    fc.record({
      attempt: any.attempt,
      epoch: any.count,
      reason: fc.constantFrom("cancelled" as const, "timed_out"),
      graceMs: any.count,
    }),
    { maxLength: 3 },
  ),
});
const hold = fc.record({ attempt: any.attempt, paused: any.flag });
const masterMessage: fc.Arbitrary<MasterMessage> = fc
  .tuple(plainMasterMessage, fc.array(hold, { maxLength: 2 }))
  .map(([message, holds]) => (holds.length === 0 ? message : { ...message, holds }));

const logPull: fc.Arbitrary<LogPull> = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    request: any.count,
    attempt: any.attempt,
    stream: fc.constantFrom("stdout" as const, "stderr"),
    offset: fc.maxSafeInteger(),
    follow: any.flag,
    creditBytes: any.count,
  }),
  fc.record({ kind: fc.constant("credit" as const), request: any.count, creditBytes: any.count }),
  fc.record({ kind: fc.constant("close" as const), request: any.count }),
);
const logPush: fc.Arbitrary<LogPush> = fc.record({
  incarnation: fc.option(any.incarnation, { nil: null }),
  request: any.count,
  offset: any.count,
  data: fc.uint8Array({ maxLength: 64 }),
  droppedBytes: any.count,
  end: any.flag,
  error: any.text,
});

describe("the session's messages come through the wire as they were", () => {
  it("from worker to master", () => {
    fc.assert(
      fc.property(workerMessage, (message) => {
        const bytes = wire.WorkerMessage.encode(encodeWorkerMessage(message)).finish();
        const back = decodeWorkerMessage(wire.WorkerMessage.decode(bytes));
        expect(back).toEqual({ ok: true, value: message });
      }),
    );
  });

  it("from master to worker", () => {
    fc.assert(
      fc.property(masterMessage, (message) => {
        const bytes = wire.MasterMessage.encode(encodeMasterMessage(message)).finish();
        const back = decodeMasterMessage(wire.MasterMessage.decode(bytes));
        expect(back).toEqual({ ok: true, value: message });
      }),
    );
  });

  it("on the log stream, both ways", () => {
    fc.assert(
      fc.property(logPull, logPush, (pull, push) => {
        const pullBytes = wire.LogPull.encode(encodeLogPull(pull)).finish();
        expect(decodeLogPull(wire.LogPull.decode(pullBytes))).toEqual({ ok: true, value: pull });
        const pushBytes = wire.LogPush.encode(encodeLogPush(push)).finish();
        const back = decodeLogPush(wire.LogPush.decode(pushBytes));
        expect(back.ok && Buffer.compare(back.value.data, push.data)).toBe(0);
        const data = back.ok ? back.value.data : push.data;
        expect(back).toEqual({ ok: true, value: { ...push, data } });
      }),
    );
  });
});

describe("a message that is not what it should be is refused by the name of its field", () => {
  const bare = { sequence: 1, acknowledged: 0 };
  const empty: wire.WorkerMessage = { ...bare, started: [], finished: [], refused: [], held: [] };

  it("a hello without its parts", () => {
    const helloWire = wire.Hello.decode(new Uint8Array());
    const result = decodeWorkerMessage({ ...empty, hello: helloWire });
    expect(result).toMatchObject({ ok: false, error: { code: "invalid_argument" } });
    expect(!result.ok && result.error.violations.map(({ field }) => field)).toEqual([
      "hello.incarnation",
      "hello.facts",
    ]);
  });

  it("a negative time, a nameless attempt, an outcome that is missing", () => {
    const result = decodeWorkerMessage({
      ...empty,
      started: [{ attemptId: "nonsense", startedAtMs: -1, pid: 4 }],
      finished: [wire.AttemptFinished.decode(new Uint8Array())],
    });
    expect(!result.ok && result.error.violations.map(({ field }) => field)).toEqual([
      "started[0].attemptId",
      "started[0].startedAtMs",
      "finished[0].attemptId",
      "finished[0].outcome",
      "finished[0].usage",
    ]);
  });

  it("an unknown driver and a reserved name in the environment of a launch", () => {
    const launchWire = wire.Launch.decode(new Uint8Array());
    const result = decodeMasterMessage({
      ...bare,
      leave: false,
      holds: [],
      launches: [
        {
          ...launchWire,
          attemptId: "j/t#1",
          driver: "teleport",
          resources: {
            cpuMillis: 1,
            memoryBytes: 0,
            diskBytes: 0,
            networkBps: 0,
            custom: new Map(),
          },
          command: {
            program: { $case: "argv", value: { values: ["true"] } },
            env: new Map([["__proto__", "x"]]),
            options: undefined,
          },
        },
      ],
      stops: [],
    });
    expect(!result.ok && result.error.violations.map(({ field }) => field)).toEqual([
      "launches[0].driver",
      "launches[0].command.env.__proto__",
    ]);
  });

  it("never by an exception, whatever the bytes", () => {
    const types = [
      [wire.WorkerMessage, decodeWorkerMessage],
      [wire.MasterMessage, decodeMasterMessage],
      [wire.LogPull, decodeLogPull],
      [wire.LogPush, decodeLogPush],
    ] as const;
    let decoded = 0;
    const attemptDecode = <W>(
      type: wire.MessageFns<W>,
      decode: (message: W) => { readonly ok: boolean },
      bytes: Uint8Array,
    ): void => {
      let message: W;
      try {
        message = type.decode(bytes);
      } catch {
        return; // gRPC itself refuses what is no message at all
      }
      decoded += 1;
      expect(typeof decode(message).ok).toBe("boolean");
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        attemptDecode(...types[0], bytes);
        attemptDecode(...types[1], bytes);
        attemptDecode(...types[2], bytes);
        attemptDecode(...types[3], bytes);
      }),
      { numRuns: 2_000 },
    );
    expect(decoded).toBeGreaterThan(100);
  });
});
