/** What every client of a master may rely on, over real gRPC. */
import { once } from "node:events";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyJob } from "../core/history.js";
import { job, template } from "../core/testing/jobs.js";
import type { WatchEvent } from "../core/views.js";
import { type TestMaster, testMaster } from "./support/master.js";

let master: TestMaster;

beforeAll(async () => {
  master = await testMaster();
});

afterAll(() => master[Symbol.asyncDispose]());

async function submit(): Promise<string> {
  const spec = job([template("one"), template("two")], ["one -> two"]);
  const receipt = await master.client.submit({ spec, idempotencyKey: "", dryRun: false });
  if (!receipt.ok) throw new Error(receipt.error.message);
  return receipt.value.jobId;
}

/** Watches until `enough`, then stops. */
async function watch(
  id: string,
  after: number,
  enough: (seen: readonly WatchEvent[]) => boolean,
): Promise<WatchEvent[]> {
  const stop = new AbortController();
  const seen: WatchEvent[] = [];
  for await (const event of master.client.watch(id, after, stop.signal)) {
    if (!event.ok) throw new Error(event.error.message);
    seen.push(event.value);
    if (enough(seen)) break;
  }
  stop.abort();
  return seen;
}

const kinds = (events: readonly WatchEvent[]): string[] => events.map(({ change }) => change.kind);

describe("a watch", () => {
  it("starts with a snapshot of the job and its tasks, and says where to resume", async () => {
    const id = await submit();
    const seen = await watch(id, 0, (events) => events.some((event) => event.sequence > 0));
    expect(kinds(seen).slice(0, 3)).toEqual(["snapshot", "task", "task"]);
    expect(seen.at(-1)?.sequence).toBeGreaterThan(0);
  });

  it("resumes after a sequence with what changed since, and nothing else", async () => {
    const id = await submit();
    const before = await watch(id, 0, (events) => events.some((event) => event.sequence > 0));
    const resume = before.at(-1)?.sequence ?? 0;
    await master.client.cancel(id, "two", "not needed");
    const seen = await watch(id, resume, (events) =>
      events.some((event) => event.sequence > resume),
    );
    expect(kinds(seen)).not.toContain("snapshot");
    const tasks = seen.flatMap(({ change }) => (change.kind === "task" ? [change.task] : []));
    expect(tasks.map(({ name, state }) => [name, state])).toEqual([["two", "cancelled"]]);
  });

  it("of a job that does not exist is refused", async () => {
    await expect(watch("nosuchjob", 0, () => true)).rejects.toThrow("no job nosuchjob");
  });
});

describe("a job", () => {
  it("is found by a prefix of its id, by its name, and by `latest`", async () => {
    const id = await submit();
    for (const name of [id.slice(0, 8), "test", "latest"]) {
      const found = await master.client.getSummary(name);
      expect(found.ok && found.value.id).toBe(id);
    }
  });

  it("of many is listed page by page, newest first, each once", async () => {
    const ids = [await submit(), await submit(), await submit()];
    const seen: string[] = [];
    for (let after = ""; ; ) {
      const page = await master.client.list({ ...everyJob, limit: 2, after });
      if (!page.ok) throw new Error(page.error.message);
      seen.push(...page.value.jobs.map((summary) => summary.id));
      after = page.value.next;
      if (after === "") break;
    }
    expect(seen.slice(0, 3)).toEqual([...ids].reverse());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("that ends is told to whoever waits; a wait with a limit returns without it", async () => {
    const id = await submit();
    const wait = (timeoutMs: number) =>
      new Promise<boolean>((resolve, reject) => {
        master.wire.wait({ jobId: id, timeoutMs }, (error, reply) =>
          error === null ? resolve(reply.finished) : reject(error),
        );
      });
    expect(await wait(50)).toBe(false);
    const waiting = wait(0);
    await master.client.cancel(id, "", "enough");
    expect(await waiting).toBe(true);
  });

  it("cannot be amended yet, and says so", async () => {
    const error = await new Promise<Error | null>((resolve) => {
      const request = { jobId: "latest", expectedRevision: 1, spec: undefined };
      master.wire.amend(request, (refusal) => resolve(refusal));
    });
    expect(error?.message).toContain("not possible yet");
  });

  it("whose task has not run has no logs, and says so", async () => {
    const id = await submit();
    const stop = new AbortController();
    const query = {
      task: `${id}/one`,
      attemptNumber: null,
      stream: null,
      follow: false,
      tailBytes: null,
    };
    for await (const chunk of master.client.logs(query, stop.signal)) {
      expect(chunk).toMatchObject({ ok: false, error: { code: "not_found" } });
    }
  });
});

const bytes = (value: Buffer): Buffer => value;

describe("the server", () => {
  const caller = (): Client => new Client(master.address, credentials.createInsecure());

  const names = ["JobService", "ClusterService", "WorkerService", "SecretService"].map(
    (name) => `almanac.v1.${name}`,
  );

  it.each(["", ...names])("answers a health check for %j: serving", async (service) => {
    // HealthCheckRequest { string service = 1 }, HealthCheckResponse { SERVING = 1 }.
    const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
    const client = caller();
    const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
      const path = "/grpc.health.v1.Health/Check";
      client.makeUnaryRequest(path, bytes, bytes, request, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
    client.close();
    expect([...(reply ?? [])]).toEqual([0x08, 0x01]);
  });

  it("lists its services by reflection", async () => {
    const client = caller();
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const call = client.makeBidiStreamRequest(path, bytes, bytes);
    // ServerReflectionRequest { string list_services = 7 }
    call.write(Buffer.from([0x3a, 0x01, 0x2a]));
    const [reply] = await once(call, "data");
    call.end();
    client.close();
    for (const name of names) expect(String(reply)).toContain(name);
  });
});
