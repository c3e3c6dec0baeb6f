/** Generators of core values for the property tests of the codecs. */
import fc from "fast-check";
import {
  containerNetworks,
  type DriverOptions,
  driverNames,
  machineNetworks,
  pullPolicies,
} from "../../../core/drivers.js";
import type { Incarnation } from "../../../core/ids.js";
import { attemptId, jobId, taskId, workerId } from "../../../core/ids.js";
import type { Command } from "../../../core/job.js";
import type { Device, Resources } from "../../../core/resources.js";
import type { Outcome, UsageReport, WorkerFacts } from "../../../core/worker.js";

export const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
export const positive = fc.integer({ min: 1, max: 2 ** 31 - 1 });
export const countOrNull = fc.option(count, { nil: null });
export const flag = fc.boolean();
/** Any well-formed text without NUL; the wire is UTF-8, which has no lone surrogates. */
export const text = fc
  .string({ unit: "binary", maxLength: 20 })
  .map((value) => value.replaceAll("\0", "0"));
export const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,11}$/).filter((key) => !(key in {}));
export const amount = fc.double({ min: 0, max: 1e9, noNaN: true });

export const record = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));

export const attempt = fc
  .tuple(name, name, fc.integer({ min: 1, max: 99 }))
  .map(([job, task, number]) => attemptId(taskId(jobId(job), `${task}[${number}]`), number));

export const resources: fc.Arbitrary<Resources> = fc.record({
  cpuMillis: count,
  memoryBytes: count,
  diskBytes: count,
  networkBps: count,
  custom: record(count),
});

export const device: fc.Arbitrary<Device> = fc.record({ id: name, type: text, memoryBytes: count });

const driverOptions: fc.Arbitrary<DriverOptions> = fc.oneof(
  fc.record({
    kind: fc.constant("process" as const),
    user: fc.option(name, { nil: null }),
    newPrivileges: fc.boolean(),
    openFilesMax: fc.option(count, { nil: null }),
    fileBytesMax: fc.option(count, { nil: null }),
    processesMax: fc.option(count, { nil: null }),
  }),
  fc.record({
    kind: fc.constant("docker" as const),
    image: name,
    pull: fc.constantFrom(...pullPolicies),
    credentials: fc.option(name, { nil: null }),
    user: fc.option(name, { nil: null }),
    network: fc.constantFrom(...containerNetworks),
    writableRoot: fc.boolean(),
    newPrivileges: fc.boolean(),
    capabilities: fc.array(name, { maxLength: 3 }),
    mounts: fc.array(fc.record({ source: text, target: text, writable: fc.boolean() }), {
      maxLength: 3,
    }),
    tmpfs: fc.array(fc.record({ target: text, bytes: count }), { maxLength: 3 }),
    processesMax: fc.option(count, { nil: null }),
  }),
  fc.record({
    kind: fc.constant("kvm" as const),
    image: name,
    network: fc.constantFrom(...machineNetworks),
    disk: fc.option(fc.record({ name, writable: fc.boolean() })),
  }),
);

const argv = fc
  .tuple(name, fc.array(text, { maxLength: 3 }))
  .map(([head, rest]) => [head, ...rest]);
export const command: fc.Arbitrary<Command> = fc.record({
  program: fc.oneof(
    fc.record({ kind: fc.constant("argv" as const), argv }),
    fc.record({ kind: fc.constant("script" as const), shell: argv, script: text }),
  ),
  env: record(text),
  workingDirectory: fc.option(text, { nil: null }),
  stdin: fc.option(fc.string({ unit: "binary" }), { nil: null }),
  options: fc.option(driverOptions, { nil: null }),
});

export const incarnation: fc.Arbitrary<Incarnation> = fc.record({
  worker: name.map(workerId),
  boot: name,
  session: name,
});

const plainOutcomes = [
  { kind: "timed_out" },
  { kind: "cancelled" },
  { kind: "out_of_memory" },
  { kind: "lease_expired" },
  { kind: "supervisor_lost" },
  { kind: "drained" },
] as const satisfies readonly Outcome[];

export const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant("exited" as const), exitCode: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("signalled" as const), signal: name }),
  fc.record({ kind: fc.constant("not_started" as const), message: text }),
  fc.record({ kind: fc.constant("lost" as const), message: text }),
  fc.constantFrom(...plainOutcomes),
);

export const usage: fc.Arbitrary<UsageReport> = fc.record({
  peakMemoryBytes: countOrNull,
  cpuMs: countOrNull,
});

const enforcement = fc.constantFrom("cgroup_v1" as const, "cgroup_v2", "not_enforced");
const plainFacts = fc.record({
  name,
  hostname: text,
  capacity: resources,
  devices: fc.array(device, { maxLength: 3 }),
  labels: record(text),
  drivers: fc.array(
    fc.record({
      name: fc.constant("process" as const),
      cpuLimit: enforcement,
      memoryLimit: enforcement,
    }),
    { maxLength: 2 },
  ),
  speed: fc.double({ min: 0.01, max: 100, noNaN: true }),
  softwareVersion: text,
  unavailableDrivers: fc.array(fc.record({ name: fc.constantFrom(...driverNames), reason: text }), {
    maxLength: 2,
  }),
});

export const workerFacts: fc.Arbitrary<WorkerFacts> = fc
  .tuple(
    plainFacts,
    fc.record(
      { link: name, costPerHour: fc.double({ min: 0, max: 1e6, noNaN: true }) },
      { requiredKeys: [] },
    ),
  )
  .map(([facts, more]) => ({ ...facts, ...more }));
