/**
 * A worker with a good certificate that is not what it seems: what it gets of other people's files,
 * and what becomes of files that it says it has left. Over real TLS.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import type { DataFile } from "../core/data.js";
import { workerId } from "../core/ids.js";
import type { AttemptFinished, Launch, WorkerMessage } from "../core/session.js";
import { job, template, workerFacts } from "../core/testing/jobs.js";
import type { Blob } from "../data/blob-directory.js";
import { blobError } from "../data/blob-failure.js";
import type { BlobStore } from "../data/blob-store.js";
import { remoteStore } from "../data/remote-store.js";
import { defaultSettings } from "../master/pure/genesis.js";
import { startMaster } from "../master/shell/master.js";
import type { RunningMaster } from "../master/shell/master-options.js";
import { DataServiceClient, WorkerServiceClient } from "../proto/codec/services.js";
import { decodeMasterMessage, encodeWorkerMessage } from "../proto/codec/worker.js";
import { channelToMaster, tlsClientOptions } from "../proto/security/channel.js";
import { type Credentials, readCredentials } from "../proto/security/credentials.js";
import { join } from "../proto/security/join.js";

const folder = mkdtempSync(joinPath(tmpdir(), "almanac-lying-"));
const { signal } = new AbortController();
let master: RunningMaster;
let admin: Client;
let liar: Credentials;
let store: BlobStore;

beforeAll(async () => {
  master = await startMaster({
    listen: "127.0.0.1:0",
    dataDirectory: folder,
    settings: defaultSettings,
    heartbeatIntervalMs: 1_000,
    plannerAddress: null,
    planBudgetMs: 1_000,
    segmentBytes: 1 << 20,
    version: "test",
    security: { names: [], certificateLifeMs: 3_600_000 },
    log: pino({ level: "silent" }),
    onFatal: (error) => {
      throw error;
    },
  });
  const local = readCredentials(joinPath(folder, "local"));
  if (local === null) throw new Error("the master left no local certificate");
  admin = createClient(master.address, local);
  const token = await admin.createToken("worker", "liar", 60_000);
  if (!token.ok) throw new Error(token.error.message);
  const joined = await join({
    token: token.value.token,
    address: master.address,
    directory: joinPath(folder, "node"),
  });
  if (!joined.ok) throw new Error(joined.error.message);
  liar = joined.value;
  const channel = channelToMaster(master.address, liar);
  const client = new DataServiceClient(master.address, channel, tlsClientOptions);
  store = remoteStore(client, () => new Metadata());
});

afterAll(async () => {
  store?.close();
  admin?.close();
  await master?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const blobOf = (text: string): Blob => ({
  sha256: createHash("sha256").update(text).digest("hex"),
  sizeBytes: Buffer.byteLength(text),
});
const fileOf = (path: string, text: string): DataFile => ({
  path,
  ...blobOf(text),
  executable: false,
});

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

const putAs = async (of: BlobStore, text: string, attempt: string): Promise<string> => {
  const answer = await of.put(blobOf(text), bytes(text), { signal, attempt });
  return answer.ok ? "taken" : answer.error.code;
};

async function readAs(of: BlobStore, text: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of of.read(blobOf(text).sha256, signal)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    return blobError(error).code;
  }
}

/** Its session: says Hello, and hands out what it is told to launch. */
function session() {
  const channel = channelToMaster(master.address, liar);
  const client = new WorkerServiceClient(master.address, channel, tlsClientOptions);
  const stream = client.session();
  const launches: Launch[] = [];
  let sequence = 0;
  stream.on("error", () => undefined);
  stream.on("data", (wire) => {
    const message = decodeMasterMessage(wire);
    if (message.ok) launches.push(...message.value.launches);
  });
  const say = (part: Partial<WorkerMessage>): void => {
    sequence += 1;
    const nothing = { hello: null, heartbeat: null, started: [], finished: [], refused: [] };
    stream.write(encodeWorkerMessage({ sequence, acknowledged: 0, ...nothing, ...part }));
  };
  const [driver] = workerFacts("liar").drivers;
  if (driver === undefined) throw new Error("no driver");
  const facts = { ...workerFacts("liar"), drivers: [{ ...driver, stagesData: true }] };
  const incarnation = { worker: workerId("liar"), boot: "b", session: "s" };
  say({ hello: { incarnation, facts, epochSeen: 0, live: [], unacknowledged: [] } });
  return {
    launches,
    finish(launch: Launch, outputs: readonly DataFile[]) {
      const finished: AttemptFinished = {
        attempt: launch.attempt,
        outcome: { kind: "exited", exitCode: 0 },
        usage: { peakMemoryBytes: null, cpuMs: null },
        startedAtMs: Date.now(),
        endedAtMs: Date.now(),
        stdoutBytes: 0,
        stderrBytes: 0,
        outputs,
      };
      say({ finished: [finished] });
    },
    close() {
      stream.cancel();
      client.close();
    },
  };
}

describe("a worker that lies", () => {
  const input = "for this task\n";
  const secret = "somebody else's\n";
  let worker: ReturnType<typeof session>;

  beforeAll(async () => {
    expect(await putAs(admin.store, input, "")).toBe("taken");
    expect(await putAs(admin.store, secret, "")).toBe("taken");
    worker = session();
  });
  afterAll(() => worker?.close());

  /** Submits a task, and waits until the worker was told to run it. */
  async function launched(): Promise<{ readonly id: string; readonly launch: Launch }> {
    const data = {
      inputs: [{ kind: "file" as const, file: fileOf("in.txt", input) }],
      outputs: [{ path: "*.txt", maxBytes: 100, required: true, sizeBytes: null }],
    };
    const spec = job([template("t", { data })]);
    const receipt = await admin.submit({ spec, idempotencyKey: "", dryRun: false });
    if (!receipt.ok) throw new Error(JSON.stringify(receipt.error));
    await expect.poll(() => worker.launches.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const launch = worker.launches.shift();
    if (launch === undefined) throw new Error("nothing launched");
    return { id: receipt.value.jobId, launch };
  }

  const taskOf = async (id: string) => {
    const view = await admin.get(id);
    const task = view.ok ? view.value.tasks[0] : undefined;
    return { state: task?.state, reason: task?.reason, message: task?.message };
  };

  it("reads what an attempt on it takes in, while it runs, and nothing else", async () => {
    expect(await readAs(store, input)).toBe("permission_denied");
    const { id, launch } = await launched();
    expect(await readAs(store, input)).toBe(input);
    expect(await readAs(store, secret)).toBe("permission_denied");
    expect(await putAs(store, "left\n", launch.attempt)).toBe("taken");
    worker.finish(launch, [fileOf("out.txt", "left\n")]);
    await expect.poll(async () => (await taskOf(id)).state).toBe("succeeded");
    expect(await readAs(store, input)).toBe("permission_denied");
  });

  it("leaves nothing in the name of another attempt, nor past its limits, nor asks what is there", async () => {
    const { id, launch } = await launched();
    expect(await putAs(store, "x", `${id}.t.7`)).toBe("permission_denied");
    expect(await putAs(store, "x", "")).toBe("permission_denied");
    expect(await putAs(store, "x".repeat(101), launch.attempt)).toBe("permission_denied");
    const asked = await store.missing([blobOf(secret).sha256]);
    expect(asked).toMatchObject({ ok: false, error: { code: "permission_denied" } });
    worker.finish(launch, []);
  });

  it.each([
    ["content that nobody sent", fileOf("out.txt", "never sent\n"), "has not come to the store"],
    [
      "content of others, whose hash it knows",
      fileOf("out.txt", secret),
      "has not come to the store",
    ],
    [
      "another size than it sent",
      { ...fileOf("out.txt", "sent\n"), sizeBytes: 99 },
      "has 5 bytes, not 99",
    ],
  ])("is not believed %s", async (_what, file, words) => {
    const { id, launch } = await launched();
    expect(await putAs(store, "sent\n", launch.attempt)).toBe("taken");
    worker.finish(launch, [file]);
    await expect.poll(async () => (await taskOf(id)).state).toBe("failed");
    const { reason, message } = await taskOf(id);
    expect([reason, message]).toEqual(["output_failed", expect.stringContaining(words)]);
    const left = await admin.outputs(`${id}/t`);
    expect(left.ok && left.value.outputs).toEqual([]);
  });
});
