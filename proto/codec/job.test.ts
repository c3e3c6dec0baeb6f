import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JobSpec, jobLimits, type TaskTemplate } from "../../core/job.js";
import { noResources } from "../../core/resources.js";
import * as wire from "../gen/almanac/v1/job.js";
import { decodeJobSpec, encodeJobSpec } from "./job.js";
import { jobSpec } from "./testing/jobs.js";
import { fieldsOf, survives, throughWire } from "./testing/wire.js";

const template: TaskTemplate = {
  name: "work",
  driver: "process",
  command: {
    program: { kind: "argv", argv: ["true"] },
    env: {},
    workingDirectory: null,
    stdin: null,
    options: null,
  },
  resources: { ...noResources, cpuMillis: 1000, memoryBytes: 2 ** 20 },
  gpu: null,
  pools: {},
  constraints: [],
  priority: 0,
  deadlineAtMs: null,
  estimate: null,
  retry: { attemptsMax: 1, backoffMs: 1000, backoffMaxMs: 60_000 },
  timeoutMs: null,
  killGraceMs: 10_000,
  onLost: { kind: "keep" },
  idempotent: false,
  scheduledAtMs: null,
  maxConcurrent: null,
  logBytesMax: 1_000_000,
  metadata: {},
};

const specOf = (tasks: number, more: Partial<JobSpec> = {}): JobSpec => ({
  name: "job",
  namespace: "default",
  templates: [template],
  tasks: Array.from({ length: tasks }, (_, index) => ({
    name: `work[${index}]`,
    template: 0,
    env: {},
    estimate: null,
    inputBytes: null,
  })),
  edges: [],
  after: [],
  timeoutMs: null,
  deadlineAtMs: null,
  objective: null,
  metadata: {},
  ...more,
});

const sound = (): wire.JobSpec => encodeJobSpec(specOf(2));
const soundTemplate = (): wire.TaskTemplate => {
  const [first] = sound().templates;
  if (first === undefined) throw new Error("no template");
  return first;
};
const withTemplate = (change: Partial<wire.TaskTemplate>): wire.JobSpec => ({
  ...sound(),
  templates: [{ ...soundTemplate(), ...change }],
});

describe("a job", () => {
  it("comes through the wire as it was", () => {
    fc.assert(
      fc.property(jobSpec, (spec) => {
        const back = decodeJobSpec(throughWire(wire.JobSpec, encodeJobSpec(spec)));
        expect(back).toEqual({ ok: true, value: spec });
      }),
    );
  });

  it("of the largest size is taken, one past it is refused with the limit", () => {
    const largest = encodeJobSpec(specOf(jobLimits.tasks));
    expect(decodeJobSpec(throughWire(wire.JobSpec, largest)).ok).toBe(true);
    const larger = decodeJobSpec(encodeJobSpec(specOf(jobLimits.tasks + 1)));
    expect(larger).toMatchObject({
      ok: false,
      error: {
        code: "limit_exceeded",
        violations: [{ field: "tasks", limit: jobLimits.tasks }],
      },
    });
  });
});

describe("a job is refused by the path of the field", () => {
  const command = (change: Partial<wire.Command>): wire.JobSpec =>
    withTemplate({
      command: { program: undefined, env: new Map(), options: undefined, ...change },
    });
  const edges = (...pairs: readonly (readonly [number, number, number])[]): wire.JobSpec => ({
    ...sound(),
    edges: pairs.map(([from, to, on]) => ({ from, to, on })),
  });
  const reserved = (key: string): Map<string, string> => new Map([[key, "x"]]);
  const amounts = (key: string): Map<string, number> => new Map([[key, 1]]);
  const resources = (change: Partial<NonNullable<wire.TaskTemplate["resources"]>>) =>
    withTemplate({
      resources: {
        cpuMillis: 1,
        memoryBytes: 1,
        diskBytes: 0,
        networkBps: 0,
        custom: new Map(),
        ...change,
      },
    });

  it.each<[string, wire.JobSpec | undefined, string]>([
    ["no job at all", undefined, "spec"],
    ["no tasks", { ...sound(), tasks: [] }, "tasks"],
    ["no command", withTemplate({ command: undefined }), "templates[0].command"],
    ["no program", command({ program: undefined }), "templates[0].command.program"],
    [
      "an empty argv",
      command({ program: { $case: "argv", value: { values: [] } } }),
      "templates[0].command.argv",
    ],
    [
      "a NUL in an argument",
      command({ program: { $case: "argv", value: { values: ["a", "b\0c"] } } }),
      "templates[0].command.argv[1]",
    ],
    ["no resources", withTemplate({ resources: undefined }), "templates[0].resources"],
    ["no cpu", resources({ cpuMillis: 0 }), "templates[0].resources.cpuMillis"],
    ["negative cpu", resources({ cpuMillis: -5 }), "templates[0].resources.cpuMillis"],
    ["half a byte", resources({ memoryBytes: 1.5 }), "templates[0].resources.memoryBytes"],
    ["no retry policy", withTemplate({ retry: undefined }), "templates[0].retry"],
    ["an unknown driver", withTemplate({ driver: "teleport" }), "templates[0].driver"],
    [
      "an unknown operator",
      withTemplate({ constraints: [{ label: "os", operator: "~", values: ["x"] }] }),
      "templates[0].constraints[0].operator",
    ],
    ["an unknown condition", edges([0, 1, 9]), "edges[0].on"],
    ["a condition left out", edges([0, 1, 0]), "edges[0].on"],
    ["a negative task", edges([-1, 1, 1]), "edges[0].from"],
    ["a task that does not exist", edges([0, 1, 1], [0, 7, 1]), "edges[1].to"],
    ["a cycle", edges([0, 1, 1], [1, 0, 1]), "edges"],
    [
      "a template that does not exist",
      { ...sound(), tasks: sound().tasks.map((task) => ({ ...task, template: 3 })) },
      "tasks[0].template",
    ],
    [
      "two tasks of one name",
      { ...sound(), tasks: sound().tasks.map((task) => ({ ...task, name: "same" })) },
      "tasks[1].name",
    ],
    [
      "GPUs without an amount",
      withTemplate({ gpu: { amount: undefined, memoryBytes: 0 } }),
      "templates[0].gpu.amount",
    ],
    [
      "__proto__ in metadata",
      { ...sound(), metadata: reserved("__proto__") },
      "metadata.__proto__",
    ],
    [
      "constructor in env",
      command({
        program: { $case: "argv", value: { values: ["a"] } },
        env: reserved("constructor"),
      }),
      "templates[0].command.env.constructor",
    ],
    [
      "prototype in pools",
      withTemplate({ pools: amounts("prototype") }),
      "templates[0].pools.prototype",
    ],
    [
      "__proto__ in resources",
      resources({ custom: amounts("__proto__") }),
      "templates[0].resources.custom.__proto__",
    ],
    [
      "toString in a task's env",
      { ...sound(), tasks: sound().tasks.map((task) => ({ ...task, env: reserved("toString") })) },
      "tasks[0].env.toString",
    ],
  ])("%s", (_what, message, field) => {
    const result = decodeJobSpec(message);
    expect(result.ok).toBe(false);
    expect(fieldsOf(result)[0]).toBe(field);
    expect(!result.ok && result.error.message).toContain(field);
  });

  it("even where reserved names come as bytes", () => {
    const spoilt = throughWire(wire.JobSpec, { ...sound(), metadata: reserved("__proto__") });
    expect(fieldsOf(decodeJobSpec(spoilt))).toEqual(["metadata.__proto__"]);
  });

  it("with every mistake at once, up to a number that can be read", () => {
    const tasks = sound().tasks.flatMap((task) =>
      Array.from({ length: 500 }, () => ({ ...task, template: -1 })),
    );
    const result = decodeJobSpec({ ...sound(), tasks });
    expect(fieldsOf(result).length).toBe(100);
    expect(!result.ok && result.error.message).toContain("and 999 more");
  });

  it("never by an exception, whatever the bytes", () => {
    const bytes = wire.JobSpec.encode(sound()).finish();
    let messages = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (spots) => {
        const spoilt = Uint8Array.from(bytes);
        for (const [at, value] of spots) spoilt[at % spoilt.length] = value;
        if (survives(wire.JobSpec, decodeJobSpec, spoilt)) messages += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(messages).toBeGreaterThan(100);
  });
});
