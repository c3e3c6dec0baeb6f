/**
 * Whatever is sent, the answer is a typed error that names the field, and nothing is recorded: the
 * journal's sequence and the state's hash stay as they were. Sent past every check of our own
 * client, straight over gRPC.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobSpec, TaskTemplate } from "../core/job.js";
import { jobLimits } from "../core/job.js";
import type { AlmanacError } from "../core/result.js";
import { job, resources, template } from "../core/testing/jobs.js";
import { fromServiceError } from "../proto/codec/errors.js";
import { encodeJobSpec } from "../proto/codec/job.js";
import { type TestMaster, testMaster } from "./support/master.js";

let open: TestMaster;
let complete: TestMaster;

beforeAll(async () => {
  open = await testMaster();
  complete = await testMaster({ complete: true });
});

afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await complete[Symbol.asyncDispose]();
});

type Wire = ReturnType<typeof encodeJobSpec>;

function send(master: TestMaster, spec: Wire): Promise<AlmanacError | null> {
  return new Promise((resolve) => {
    master.wire.submit({ spec, idempotencyKey: "", dryRun: false }, (error) =>
      resolve(error === null ? null : fromServiceError(error)),
    );
  });
}

async function condition({ client }: TestMaster): Promise<readonly [number, string]> {
  const status = await client.status();
  if (!status.ok) throw new Error(status.error.message);
  return [status.value.sequence, status.value.stateHash];
}

/** The error, after making sure that it changed nothing. */
async function refused(master: TestMaster, spec: Wire): Promise<AlmanacError> {
  const before = await condition(master);
  const error = await send(master, spec);
  expect(await condition(master)).toEqual(before);
  if (error === null) throw new Error("it was accepted");
  return error;
}

const two = (change: Partial<TaskTemplate> = {}): JobSpec =>
  job([template("one", change), template("two")], ["one -> two"]);

const fieldsOf = ({ violations }: AlmanacError): string[] => violations.map((v) => v.field);

describe("a job is refused, with the field named and nothing recorded, for", () => {
  it("a cycle, naming the tasks on it", async () => {
    const spec = { ...two(), edges: [...two().edges, { from: 1, to: 0, on: "success" as const }] };
    const error = await refused(open, encodeJobSpec(spec));
    expect(error.code).toBe("invalid_argument");
    expect(fieldsOf(error)[0]).toContain("edges");
    expect(error.violations[0]?.message).toMatch(/one.*two|two.*one/);
  });

  it("a dependency on a task that is not there", async () => {
    const spec = { ...two(), edges: [{ from: 7, to: 0, on: "success" as const }] };
    expect(fieldsOf(await refused(open, encodeJobSpec(spec)))[0]).toContain("edges[0]");
  });

  it("two tasks of one name", async () => {
    const spec = two();
    const tasks = spec.tasks.map((task) => ({ ...task, name: "same" }));
    const error = await refused(open, encodeJobSpec({ ...spec, tasks }));
    expect(fieldsOf(error)).toContain("tasks[1].name");
  });

  it.each([
    ["zero cpu", resources(0), "cpu"],
    ["negative cpu", resources(-1), "cpu"],
    ["zero memory", resources(1_000, 0), "memory"],
    ["negative memory", resources(1_000, -5), "memory"],
  ])("%s", async (_, amount, field) => {
    const error = await refused(open, encodeJobSpec(two({ resources: amount })));
    expect(fieldsOf(error)[0]).toContain(field);
  });

  it("a task that no worker could run, where the cluster is declared complete", async () => {
    const error = await refused(complete, encodeJobSpec(two()));
    expect(error.code).toBe("unplaceable");
    expect(fieldsOf(error)[0]).toBe("tasks.one.resources");
  });

  it("a pool the cluster does not have", async () => {
    const error = await refused(open, encodeJobSpec(two({ pools: { licence: 1 } })));
    expect(fieldsOf(error)).toEqual(["tasks.one.pools.licence"]);
  });

  it.each(["__proto__", "constructor", "prototype"])("the key %s in a map", async (key) => {
    const wire = encodeJobSpec(two());
    const error = await refused(open, { ...wire, metadata: new Map([[key, "x"]]) as never });
    expect(error.code).toBe("invalid_argument");
    expect(fieldsOf(error)[0]).toContain("metadata");
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("more tasks than the limit, naming it", async () => {
    const spec = job([template("one")]);
    const tasks = Array.from({ length: jobLimits.tasks + 1 }, (_, i) => ({
      name: `t${i}`,
      template: 0,
      env: {},
      estimate: null,
      inputBytes: null,
    }));
    const error = await refused(open, encodeJobSpec({ ...spec, tasks }));
    expect(error.code).toMatch(/limit_exceeded|invalid_argument/);
    expect(error.violations[0]?.limit).toBe(jobLimits.tasks);
  }, 60_000);

  it("a message past the server's size, without a crash", async () => {
    const script = "x".repeat(70 * 1024 * 1024);
    const program = { kind: "script" as const, shell: ["/bin/sh"], script };
    const command = { ...template("one").command, program };
    const error = await refused(open, encodeJobSpec(two({ command })));
    expect(error.code).toBe("limit_exceeded");
  }, 60_000);

  it("a script past its limit, naming field and limit", async () => {
    const script = "x".repeat(jobLimits.scriptBytes + 1);
    const program = { kind: "script" as const, shell: ["/bin/sh"], script };
    const command = { ...template("one").command, program };
    const error = await refused(open, encodeJobSpec(two({ command })));
    expect(fieldsOf(error)[0]).toContain("script");
    expect(error.violations[0]?.limit).toBe(jobLimits.scriptBytes);
  });

  it("no spec at all", async () => {
    const before = await condition(open);
    const error = await new Promise<AlmanacError>((resolve) => {
      open.wire.submit({ spec: undefined, idempotencyKey: "", dryRun: false }, (e) =>
        resolve(fromServiceError(e)),
      );
    });
    expect(error.code).toBe("invalid_argument");
    expect(await condition(open)).toEqual(before);
  });
});

describe("a task that no worker present could run", () => {
  it("is accepted where workers may still join, and says why it waits", async () => {
    const receipt = await open.client.submit({
      spec: two(),
      idempotencyKey: "waits",
      dryRun: false,
    });
    expect(receipt).toMatchObject({ ok: true });
    if (!receipt.ok) return;
    expect(receipt.value.warnings[0]?.message).toContain("there is no worker");
    const view = await open.client.get(receipt.value.jobId);
    expect(view.ok && view.value.tasks[0]?.reason).toBe("no_worker_fits");
    expect(view.ok && view.value.summary.finishP50AtMs).toBeNull();
  });
});

describe("a retried submission", () => {
  it("returns the same job for the same key", async () => {
    const submission = { spec: two(), idempotencyKey: "again", dryRun: false };
    const first = await open.client.submit(submission);
    const second = await open.client.submit(submission);
    if (!first.ok || !second.ok) throw new Error("refused");
    expect(second.value).toMatchObject({ jobId: first.value.jobId, duplicate: true });
  });

  it("of a dry run records nothing", async () => {
    const before = await condition(open);
    const receipt = await open.client.submit({ spec: two(), idempotencyKey: "", dryRun: true });
    expect(receipt.ok && receipt.value.forecast?.tasks.length).toBe(2);
    expect(await condition(open)).toEqual(before);
  });
});
