import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plan } from "../../core/plan.js";
import { type PlanOrder, type PlanUpdate, planEndReasons } from "../../core/planning.js";
import { ok } from "../../core/result.js";
import { randomProblem } from "../../core/testing/random-problem.js";
import * as wire from "../gen/almanac/v1/planner.js";
import {
  decodePlanRequest,
  decodePlanUpdate,
  encodePlanCancel,
  encodePlanRequests,
  encodePlanUpdate,
} from "./plan.js";
import { ProblemAssembler } from "./problem.js";
import * as any from "./testing/arbitraries.js";
import { fieldsOf, survives, throughWire } from "./testing/wire.js";

const tasks = 5;
const column = fc.int32Array({ minLength: tasks, maxLength: tasks });
const plan: fc.Arbitrary<Plan> = fc.record({
  option: column,
  worker: column,
  start: column,
  end: column,
  devices: fc.uint32Array({ minLength: tasks, maxLength: tasks }),
});
const order: fc.Arbitrary<PlanOrder> = fc.record({
  planId: any.name,
  budget: fc.record({ workUnits: any.count, wallMs: any.positive }),
  seed: fc.maxSafeInteger(),
  solvers: fc.array(any.name, { maxLength: 3 }),
});
const orNoPlan = fc.oneof(any.amount, fc.constant(Number.POSITIVE_INFINITY));
const update: fc.Arbitrary<PlanUpdate> = fc.oneof(
  fc.record({
    kind: fc.constant("accepted" as const),
    accepted: fc.record({
      planId: any.name,
      tasks: fc.constant(tasks),
      solvers: fc.array(any.name, { maxLength: 3 }),
    }),
  }),
  fc.record({
    kind: fc.constant("incumbent" as const),
    incumbent: fc.record({
      solver: any.name,
      plan,
      value: any.amount,
      bound: any.amount,
      parts: fc.record({
        makespanS: any.amount,
        flowS: any.amount,
        tardinessS: any.amount,
        moves: any.amount,
        cost: any.amount,
        skipped: any.amount,
      }),
      workUnits: any.count,
      wallMs: any.count,
    }),
  }),
  fc.record({
    kind: fc.constant("bound" as const),
    bound: fc.record({ solver: any.name, bound: any.amount }),
  }),
  fc.record({
    kind: fc.constant("finished" as const),
    summary: fc.record({
      reason: fc.constantFrom(...planEndReasons),
      value: orNoPlan,
      bound: any.amount,
      workUnits: any.count,
      wallMs: any.count,
      deterministic: any.flag,
      solvers: fc.array(
        fc.record({
          solver: any.name,
          incumbents: fc.nat(1_000),
          bestValue: orNoPlan,
          bestBound: any.amount,
          workUnits: any.count,
          failed: any.flag,
          message: any.text,
        }),
        { maxLength: 3 },
      ),
    }),
  }),
);

describe("master and planner understand each other", () => {
  it("on orders: the order, then as many chunks as it says, then the problem is whole", () => {
    fc.assert(
      fc.property(order, fc.nat(), (value, seed) => {
        const problem = randomProblem(seed, { tasks });
        const requests = [...encodePlanRequests(value, problem, 100)].map((request) =>
          decodePlanRequest(throughWire(wire.PlanRequest, request)),
        );
        const [first, ...rest] = requests;
        expect(first).toEqual(ok({ kind: "start", order: value, chunks: rest.length }));
        const assembler = new ProblemAssembler();
        for (const request of rest) {
          if (!request.ok || request.value.kind !== "chunk") throw new Error("no chunk");
          expect(assembler.add(request.value.chunk).ok).toBe(true);
        }
        expect(assembler.finish()).toEqual(ok(problem));
      }),
      { numRuns: 40 },
    );
    const cancel = throughWire(wire.PlanRequest, encodePlanCancel());
    expect(decodePlanRequest(cancel)).toEqual(ok({ kind: "cancel" }));
  });

  it("on every update", () => {
    fc.assert(
      fc.property(update, (value) => {
        const message = throughWire(wire.PlanReply, encodePlanUpdate(value));
        expect(decodePlanUpdate(message, tasks)).toEqual(ok(value));
      }),
    );
  });
});

describe("a planner that is wrong is refused by the name of the field", () => {
  const incumbent = (change: Partial<wire.Incumbent>): wire.PlanReply => ({
    kind: {
      $case: "incumbent",
      value: {
        solver: "s",
        value: 1,
        bound: 1,
        parts: { makespanS: 1, flowS: 1, tardinessS: 1, moves: 1, cost: 1, skipped: 1 },
        workUnits: 1,
        wallMs: 1,
        option: Buffer.alloc(20),
        worker: Buffer.alloc(20),
        start: Buffer.alloc(20),
        end: Buffer.alloc(20),
        devices: Buffer.alloc(20),
        ...change,
      },
    },
  });

  it.each<[string, wire.PlanReply, string]>([
    ["a plan for more tasks", incumbent({ worker: Buffer.alloc(24) }), "worker"],
    ["a plan for fewer tasks", incumbent({ start: Buffer.alloc(16) }), "start"],
    ["half a number", incumbent({ devices: Buffer.alloc(19) }), "devices"],
    ["a value that is no number", incumbent({ value: Number.NaN }), "value"],
    ["an endless bound", incumbent({ bound: Number.POSITIVE_INFINITY }), "bound"],
    ["no parts", incumbent({ parts: undefined }), "parts"],
    [
      "another number of tasks",
      { kind: { $case: "accepted", value: { planId: "p", tasks: 3, solvers: [] } } },
      "tasks",
    ],
    [
      "an unknown end",
      { kind: { $case: "finished", value: wire.PlanFinished.decode(new Uint8Array()) } },
      "reason",
    ],
  ])("%s", (_what, reply, field) => {
    expect(fieldsOf(decodePlanUpdate(reply, tasks))).toEqual([field]);
  });

  it("a message of nothing", () => {
    expect(decodePlanUpdate({ kind: undefined }, tasks).ok).toBe(false);
    expect(decodePlanRequest({ kind: undefined }).ok).toBe(false);
  });

  it("an order without a budget", () => {
    const start = wire.PlanStart.decode(new Uint8Array());
    const result = decodePlanRequest({ kind: { $case: "start", value: start } });
    expect(fieldsOf(result)).toEqual(["planId", "budget", "chunks"]);
  });

  it("never by an exception, whatever the bytes", () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const survived = [
          survives(
            wire.PlanReply,
            (message: wire.PlanReply) => decodePlanUpdate(message, tasks),
            bytes,
          ),
          survives(wire.PlanRequest, decodePlanRequest, bytes),
        ];
        messages += survived.filter(Boolean).length;
      }),
      { numRuns: 2_000 },
    );
    expect(messages).toBeGreaterThan(100);
  });
});
