/** Joining and staying in, over real TLS: who gets in, as whom, for how long, and who does not. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join as joinPath } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelCredentials, credentials as grpc, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { everyJob } from "../core/history.js";
import type { JoinRole } from "../core/identity.js";
import { workerId } from "../core/ids.js";
import { job, template, workerFacts } from "../core/testing/jobs.js";
import type { RunningMaster } from "../master/shell/master-options.js";
import { startPlanner } from "../planner/server.js";
import { encodeEstimateRequest } from "../proto/codec/prediction.js";
import {
  JobServiceClient,
  PlannerServiceClient,
  WorkerServiceClient,
} from "../proto/codec/services.js";
import { decodeMasterMessage, encodeWorkerMessage } from "../proto/codec/worker.js";
import { channelToMaster, channelToPlanner, tlsClientOptions } from "../proto/security/channel.js";
import type { Credentials } from "../proto/security/credentials.js";
import { join, renew } from "../proto/security/join.js";
import {
  folder,
  freshDirectory,
  localOf,
  log,
  masterKeys,
  start,
  tokenFor,
} from "./support/secured-masters.js";

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Says Hello as `worker`, and resolves with how the session went. */
function hello(address: string, held: Credentials | null, worker: string): Promise<string> {
  const client = new WorkerServiceClient(address, channelToMaster(address, held), tlsClientOptions);
  const session = client.session();
  return new Promise<string>((resolve) => {
    session.on("data", (wire) => {
      const message = decodeMasterMessage(wire);
      resolve(message.ok && message.value.welcome !== null ? "welcome" : "something else");
    });
    session.on("error", (error) => resolve(error.message));
    session.on("end", () => resolve("ended"));
    const incarnation = { worker: workerId(worker), boot: "b", session: "s" };
    const facts = workerFacts(worker);
    const said = { incarnation, facts, epochSeen: 0, live: [], unacknowledged: [] };
    session.write(
      encodeWorkerMessage({
        sequence: 1,
        acknowledged: 0,
        hello: said,
        heartbeat: null,
        started: [],
        finished: [],
        refused: [],
      }),
    );
  }).finally(() => {
    session.cancel();
    client.close();
  });
}

describe("a master with TLS", () => {
  let master: RunningMaster;
  let admin: Client;
  const address = (): string => master.address;

  beforeAll(async () => {
    master = await start("one");
    admin = createClient(master.address, localOf("one"));
  });
  afterAll(async () => {
    admin?.close();
    await master?.stop();
  });

  const enrol = async (role: JoinRole, name: string): Promise<Credentials> => {
    const token = await tokenFor(admin, role, name);
    const joined = await join({ token, address: address(), directory: freshDirectory() });
    if (!joined.ok) throw new Error(joined.error.message);
    return joined.value;
  };

  it("keeps its keys to itself", () => {
    const paths = ["authority/authority-key.pem", "local/credentials.json"];
    for (const path of paths) {
      expect(statSync(joinPath(folder, "one", path)).mode & 0o777, path).toBe(0o600);
    }
  });

  it("refuses plain text", async () => {
    const client = createClient(address());
    const status = await client.status();
    expect(status).toMatchObject({ ok: false, error: { code: "unavailable" } });
    client.close();
  });

  it("refuses every call without a certificate", async () => {
    const authorityPem = readFileSync(joinPath(folder, "one/authority/authority.pem"));
    const client = new JobServiceClient(address(), grpc.createSsl(authorityPem), {
      "grpc.ssl_target_name_override": "localhost",
    });
    const message = await new Promise<string>((resolve) => {
      client.get({ jobId: "", summaryOnly: true }, (error) =>
        resolve(error?.message ?? "answered"),
      );
    });
    expect(message).toContain("no certificate of this cluster was shown");
    client.close();
  });

  it("refuses a certificate of another authority, and is refused by its holder", async () => {
    const other = await start("other");
    const foreign = localOf("other");
    // Trusts this master, but shows what another one signed.
    const { authorityPem } = localOf("one");
    const intruder = createClient(address(), { ...foreign, authorityPem });
    expect(await intruder.status()).toMatchObject({
      ok: false,
      error: { code: "permission_denied" },
    });
    intruder.close();
    const misled = createClient(address(), foreign);
    expect(await misled.status()).toMatchObject({ ok: false, error: { code: "unavailable" } });
    misled.close();
    await other.stop();
  });

  it("lets a person work, and records who it was by the certificate", async () => {
    const held = await enrol("user", "alice");
    const client = createClient(address(), held);
    const spec = job([template("one")]);
    const receipt = await client.submit({ spec, idempotencyKey: "", dryRun: false });
    if (!receipt.ok) throw new Error(receipt.error.message);
    const summary = await client.getSummary(receipt.value.jobId);
    expect(summary).toMatchObject({ ok: true, value: { principal: "alice" } });
    client.close();
    expect(await hello(address(), held, "alice")).toContain(
      "may not call almanac.v1.WorkerService",
    );
  });

  it("does not believe what a client says of itself", async () => {
    const held = await enrol("user", "bob");
    const client = new JobServiceClient(
      address(),
      channelToMaster(address(), held),
      tlsClientOptions,
    );
    const metadata = new Metadata();
    metadata.set("almanac-principal", "master");
    await new Promise((resolve) => {
      client.cancel({ jobId: "latest", taskName: "", reason: "" }, metadata, resolve);
    });
    client.close();
    const found = spawn("grep", ["-rq", "cancelled by bob", joinPath(folder, "one/journal")]);
    expect(await new Promise((done) => found.once("close", done))).toBe(0);
  });

  it("lets a worker speak for itself alone, and call nothing that is for people", async () => {
    const held = await enrol("worker", "blue");
    expect(await hello(address(), held, "blue")).toBe("welcome");
    expect(await hello(address(), held, "green")).toContain("cannot speak for worker green");
    const client = createClient(address(), held);
    expect(await client.list({ ...everyJob, limit: 1, after: "" })).toMatchObject({
      ok: false,
      error: { code: "permission_denied", message: expect.stringContaining("worker blue may not") },
    });
    expect(await client.createToken("user", "eve", 1_000)).toMatchObject({ ok: false });
    client.close();
  });

  it("lets people alone set, list and remove secrets", async () => {
    const value = Buffer.from("of no worth");
    expect(await admin.setSecret("default", "token", value)).toEqual({ ok: true, value: 1 });
    for (const role of ["worker", "planner"] as const) {
      const client = createClient(address(), await enrol(role, `curious-${role}`));
      const tries = await Promise.all([
        client.setSecret("default", "token", Buffer.from("mine now")),
        client.secrets(""),
        client.removeSecret("default", "token"),
        client.rotateSecretKey(),
      ]);
      for (const one of tries) {
        expect(one).toMatchObject({ ok: false, error: { code: "permission_denied" } });
      }
      client.close();
    }
    expect(await admin.secrets("")).toMatchObject({ ok: true, value: [{ version: 1 }] });
  });

  it("takes no worker for a master: its certificate serves nothing", async () => {
    const held = await enrol("worker", "spoof");
    const text = Buffer.from(held.chainPem).toString();
    const { X509Certificate } = await import("node:crypto");
    const certificate = new X509Certificate(text);
    expect(certificate.subjectAltName).toBe("URI:almanac://worker/spoof");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]); // client authentication only
  });

  describe("a token", () => {
    const use = (token: string) => join({ token, address: address(), directory: freshDirectory() });

    it("is good once, however many use it at once", async () => {
      const token = await tokenFor(admin, "worker", "once");
      const tries = await Promise.all(Array.from({ length: 8 }, () => use(token)));
      expect(tries.filter(({ ok }) => ok)).toHaveLength(1);
      for (const one of tries.filter(({ ok }) => !ok)) {
        expect(one).toMatchObject({
          error: { code: "permission_denied", message: expect.stringContaining("used already") },
        });
      }
    });

    it("that is wrong, expired or revoked is refused, and the refusal says which", async () => {
      const good = await tokenFor(admin, "worker", "late", 50);
      const wrong = good.replace(/^(alm1\.\w+\.)./, (_, head: string) => `${head}_`);
      const changed = wrong === good ? good.replace(/^(alm1\.\w+\.)./, "$1A") : wrong;
      expect(await use(changed)).toMatchObject({
        error: { code: "permission_denied", message: expect.stringContaining("wrong") },
      });
      await sleep(80);
      expect(await use(good)).toMatchObject({
        error: { code: "permission_denied", message: expect.stringContaining("has expired") },
      });
      const revoked = await tokenFor(admin, "worker", "late");
      await admin.revoke(revoked.split(".")[1] ?? "", null);
      expect(await use(revoked)).toMatchObject({
        error: { code: "permission_denied", message: expect.stringContaining("was revoked") },
      });
      expect(await use("nonsense")).toMatchObject({ error: { code: "invalid_argument" } });
    });

    it("is not told to a master that it is not of", async () => {
      const other = await start("false-friend");
      const token = await tokenFor(admin, "worker", "trusting");
      const misled = await join({ token, address: other.address, directory: freshDirectory() });
      expect(misled).toMatchObject({
        error: { message: expect.stringContaining("not the one that made this token") },
      });
      expect((await use(token)).ok).toBe(true);
      await other.stop();
    });

    it("is listed without its secret", async () => {
      const token = await tokenFor(admin, "user", "listed");
      const tokens = await admin.tokens();
      expect(JSON.stringify(tokens)).not.toContain(token.split(".")[2]);
      expect(tokens.ok && tokens.value.at(-1)).toMatchObject({ name: "listed", state: "open" });
    });

    it("stands in no journal", async () => {
      const token = await tokenFor(admin, "user", "secretive");
      const found = spawn("grep", [
        "-rlF",
        "-e",
        token.split(".")[2] ?? "",
        joinPath(folder, "one"),
      ]);
      expect(await new Promise((done) => found.once("close", done))).toBe(1);
    });
  });

  it("vouches for a planner, which answers this master and nobody else", async () => {
    const planner = await startPlanner({
      listen: "127.0.0.1:0",
      threads: 1,
      solverThreadEntry: joinPath(import.meta.dirname, "../dist/planner/solver-thread.js"),
      predictor: null,
      credentials: await enrol("planner", "thinker"),
      log,
    });
    const ask = (channel: ChannelCredentials): Promise<string> =>
      new Promise((resolve) => {
        const client = new PlannerServiceClient(planner.address, channel, tlsClientOptions);
        client.estimate(encodeEstimateRequest([]), new Metadata(), (error) => {
          resolve(error?.message ?? "answered");
          client.close();
        });
      });
    const user = await enrol("user", "dave");
    expect(await ask(channelToPlanner(user, () => true))).toContain("own cluster's master alone");
    const keys = await masterKeys("one");
    expect(await ask(channelToPlanner(keys, () => true))).toBe("answered");
    expect(await ask(channelToPlanner(keys, () => false))).toContain("no good planner's");
    expect(await ask(grpc.createInsecure())).not.toBe("answered");
    await planner.stop();
  });

  it("bars a worker from then on, in the middle of its session too", async () => {
    const held = await enrol("worker", "rogue");
    const client = new WorkerServiceClient(
      address(),
      channelToMaster(address(), held),
      tlsClientOptions,
    );
    const session = client.logs();
    const ended = new Promise<string>((resolve) => {
      session.on("error", (error) => resolve(error.message));
    });
    session.on("data", () => undefined);
    const incarnation = { worker: "rogue", boot: "b", session: "s", ledger: "" };
    session.write({
      incarnation,
      request: 0,
      offset: 0,
      data: Buffer.alloc(0),
      droppedBytes: 0,
      end: false,
      error: "",
    });
    await sleep(50);
    expect(await admin.revoke("rogue", "worker")).toMatchObject({
      value: { certificatesBarred: 1 },
    });
    expect(await ended).toContain("revoked");
    client.close();
    expect(await hello(address(), held, "rogue")).toContain("revoked");
    const renewed = await renew(address(), freshDirectory(), held);
    expect(renewed).toMatchObject({ error: { code: "permission_denied" } });
  });
});
