/**
 * A master's side of transport security: its authority, its own certificate, which it renews while
 * it serves, the certificate of whoever may read its data directory, and who may call what.
 */
import { rmSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { Role } from "../../core/identity.js";
import type { AlmanacError } from "../../core/result.js";
import type { Keys } from "../../proto/security/channel.js";
import { writeCredentials } from "../../proto/security/credentials.js";
import type { Admit, Peer } from "../../proto/security/guard.js";
import { RenewableServerCredentials } from "../../proto/security/server-credentials.js";
import { createKey } from "../../proto/security/x509.js";
import { certificateTrouble } from "../pure/access.js";
import { type Authority, openAuthority, signOwnKeys } from "./authority.js";
import type { Engine } from "./engine.js";

export interface SecurityOptions {
  /** Names and addresses of this master, besides those that it finds by itself. */
  readonly names: readonly string[];
  readonly certificateLifeMs: number;
}

export interface MasterSecurity {
  readonly authority: Authority;
  readonly credentials: ServerCredentials;
  readonly lifeMs: number;
  readonly admit: Admit;
  /** The newest, for connections to the planner. */
  keys(): Keys;
  stop(): void;
}

export interface SecureOptions extends SecurityOptions {
  readonly engine: Engine;
  readonly listen: string;
  readonly dataDirectory: string;
  readonly log: Logger;
  readonly onRenewed: () => void;
}

/** Of a life, when a certificate is renewed. */
const renewedAfterShare = 2 / 3;
const lookMsMax = 60_000;

export async function secureMaster(options: SecureOptions): Promise<MasterSecurity> {
  const { engine, dataDirectory, log, certificateLifeMs: lifeMs } = options;
  const authority = await openAuthority(join(dataDirectory, "authority"), engine.nowMs);
  const sign = (): Promise<Keys> =>
    signOwnKeys(authority, { names: namesOf(options), nowMs: engine.nowMs, lifeMs });
  let keys = await sign();
  let dueAtMs = engine.nowMs + lifeMs * renewedAfterShare;
  const credentials = new RenewableServerCredentials(keys);
  await issueLocalCredentials(options, authority);

  async function look(): Promise<void> {
    if (engine.nowMs < dueAtMs) return;
    dueAtMs = engine.nowMs + lifeMs * renewedAfterShare;
    keys = await sign();
    credentials.renew(keys);
    await issueLocalCredentials(options, authority);
    options.onRenewed();
    log.info({ lifeMs }, "the master's certificate was renewed");
  }
  const timer = setInterval(
    () => void look().catch((error: unknown) => log.error({ err: error }, "renewal failed")),
    Math.min(lookMsMax, lifeMs / 20),
  ).unref();

  return {
    authority,
    credentials,
    lifeMs,
    admit: (path, peer) => admit(engine, path, peer),
    keys: () => keys,
    stop: () => {
      clearInterval(timer);
      // The next start makes another; until then nobody is to be led to TLS that is not spoken.
      rmSync(localDirectory(dataDirectory), { recursive: true, force: true });
    },
  };
}

const everybody: readonly Role[] = ["user", "worker", "planner"];

/** Who may call what. What is not listed here may be called by nobody. */
const callers: Readonly<Record<string, readonly Role[]>> = {
  "almanac.v1.JobService": ["user"],
  "almanac.v1.ClusterService": ["user"],
  "almanac.v1.SecretService": ["user"],
  "almanac.v1.ModelService": ["user"],
  "almanac.v1.WorkerService": ["worker"],
  // What of it a worker may do is its state's affair (data-service.ts).
  "almanac.v1.DataService": ["user", "worker"],
  "almanac.v1.JoinService": everybody,
  "grpc.health.v1.Health": everybody,
  "grpc.reflection.v1.ServerReflection": ["user"],
  "grpc.reflection.v1alpha.ServerReflection": ["user"],
};
const openMethod = "/almanac.v1.JoinService/Enroll";

function admit(engine: Engine, path: string, peer: Peer | null): AlmanacError | null {
  if (path === openMethod) return null;
  if (peer === null) {
    return denied("no certificate of this cluster was shown that is good: join, or log in");
  }
  const { identity, serial } = peer;
  const trouble = certificateTrouble(engine.state, identity, serial, engine.nowMs);
  if (trouble !== null) return trouble;
  const service = path.split("/")[1] ?? "";
  if (callers[service]?.includes(identity.role) === true) return null;
  return denied(`${identity.role} ${identity.name} may not call ${service}`);
}

const denied = (message: string): AlmanacError => ({
  code: "permission_denied",
  message,
  violations: [],
});

/** Who may read the data directory owns the authority's key: it needs no token to get in. */
async function issueLocalCredentials(
  { engine, dataDirectory, certificateLifeMs: lifeMs }: SecureOptions,
  authority: Authority,
): Promise<void> {
  const { pair, privateKeyPem } = await createKey();
  const serial = authority.newSerial();
  const reply = await engine.execute({ type: "IssueLocalCertificate", serial, lifeMs }, "master");
  if (!reply.ok) throw new Error(reply.error.message);
  if (reply.value.kind !== "certify") throw new Error("unexpected reply to a local certificate");
  const { role, name } = reply.value;
  const identity = { role, name };
  const { publicKey } = pair;
  const order = { identity, serial, publicKey, nowMs: engine.nowMs, lifeMs, names: [] };
  await writeCredentials(localDirectory(dataDirectory), {
    identity,
    privateKeyPem,
    chainPem: await authority.sign(order),
    authorityPem: authority.certificatePem,
    receivedAtMs: Date.now(),
    lifeMs,
    token: "",
  });
}

const localDirectory = (dataDirectory: string): string => join(dataDirectory, "local");

/** What is configured, what is listened on, and what this machine is called. */
function namesOf({ names, listen }: SecureOptions): readonly string[] {
  const host = listen.slice(0, listen.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const everywhere = host === "0.0.0.0" || host === "::";
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  const own = everywhere ? addresses : [host];
  const found = ["localhost", "127.0.0.1", "::1", hostname(), ...own, ...names];
  return [...new Set(found.filter((name) => /^[A-Za-z0-9.:_-]+$/.test(name)))];
}
