/** JoinService: a token, or a certificate that is still good, for a certificate. */
import { createHash, randomBytes } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";
import type { PublicKeyType } from "@peculiar/x509";

import { formatJoinToken, parseJoinToken } from "../../core/join-token.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { NewToken, TokenOrder } from "../../proto/codec/access.js";
import type { CertificateWire, JoinServiceServer } from "../../proto/codec/services.js";
import { serialHeader } from "../../proto/security/guard.js";
import { tokenView } from "../pure/access.js";
import type { Command } from "../pure/commands.js";
import type { Engine } from "./engine.js";
import type { MasterSecurity } from "./security.js";
import { unary } from "./unary.js";

export interface JoinServiceOptions {
  readonly engine: Engine;
  /** null: this master serves in plain text. */
  readonly security: MasterSecurity | null;
}

/** Enrolments per second over time, and at once: each costs a signature. */
const enrolmentsPerSecond = 10;
const enrolmentsAtOnce = 50;

const withoutTls = () =>
  fail(
    "failed_precondition",
    "this master serves without TLS, so there is nothing to join: start it with --tls on",
  );
const badRequest = () =>
  fail("invalid_argument", "the signing request is none for a key on P-256, or not proven");

export function joinService({ engine, security }: JoinServiceOptions): JoinServiceServer {
  const allowed = rateLimit(enrolmentsPerSecond, enrolmentsAtOnce, () => engine.nowMs);
  return {
    enroll: unary(async ({ token: text, signingRequest }) => {
      if (security === null) return withoutTls();
      if (!allowed()) return fail("limit_exceeded", "too many are joining: try again in a second");
      const token = parseJoinToken(text);
      if (token === null) return fail("permission_denied", "the token is wrong: it is malformed");
      const publicKey = await security.authority.requestedKey(signingRequest);
      if (publicKey === null) return badRequest();
      const { id, secret } = token;
      const secretHash = hashOf(secret);
      const redeem = { type: "RedeemToken", token: id, secretHash } as const;
      const order = { ...redeem, serial: security.authority.newSerial(), lifeMs: security.lifeMs };
      const certificate = await certify(engine, security, order, {
        publicKey,
        principal: "master",
      });
      return certificate.ok ? ok({ certificate: certificate.value }) : certificate;
    }),
    renew: unary(async ({ signingRequest }, principal, _gone, metadata) => {
      if (security === null) return withoutTls();
      const publicKey = await security.authority.requestedKey(signingRequest);
      if (publicKey === null) return badRequest();
      const previous = serialOf(metadata);
      const serial = security.authority.newSerial();
      const order = {
        type: "RenewCertificate",
        previous,
        serial,
        lifeMs: security.lifeMs,
      } as const;
      const certificate = await certify(engine, security, order, { publicKey, principal });
      return certificate.ok ? ok({ certificate: certificate.value }) : certificate;
    }),
  };
}

type CertifyOrder = Extract<Command, { type: "RedeemToken" | "RenewCertificate" }>;

/** The journal first, then the signature: what is lost between is a token, never a certainty. */
async function certify(
  engine: Engine,
  { authority, lifeMs }: MasterSecurity,
  order: CertifyOrder,
  { publicKey, principal }: { readonly publicKey: PublicKeyType; readonly principal: string },
): Promise<Result<CertificateWire>> {
  const nowMs = engine.nowMs;
  const reply = await engine.execute(order, principal);
  if (!reply.ok) return reply;
  if (reply.value.kind !== "certify") return fail("internal", "unexpected reply to a joining");
  const { role, name } = reply.value;
  const { serial } = order;
  const identity = { role, name };
  const chain = await authority.sign({ publicKey, identity, serial, nowMs, lifeMs, names: [] });
  return ok({ chain, role, name, lifeMs });
}

const serialOf = (metadata: Metadata): string => {
  const [serial] = metadata.get(serialHeader);
  return typeof serial === "string" ? serial : "";
};

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

const idAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** The secret is in the answer, and nowhere else. */
export async function createToken(
  engine: Engine,
  security: MasterSecurity | null,
  { role, name, ttlMs }: TokenOrder,
  principal: string,
): Promise<Result<NewToken>> {
  if (security === null) return withoutTls();
  const secret = randomBytes(32).toString("base64url");
  const digits = Array.from(randomBytes(10), (byte) => idAlphabet[byte % idAlphabet.length]);
  const token = digits.join("");
  const order = {
    type: "IssueToken",
    token,
    secretHash: hashOf(secret),
    role,
    name,
    ttlMs,
  } as const;
  const reply = await engine.execute(order, principal);
  if (!reply.ok) return reply;
  const record = engine.state.access.tokens.get(token);
  if (record === undefined) return fail("internal", "the token has gone");
  const { fingerprint } = security.authority;
  const text = formatJoinToken({ id: token, secret, fingerprint });
  return ok({ token: text, view: tokenView(record, engine.nowMs) });
}

/** A bucket that fills with time. */
function rateLimit(perSecond: number, atOnce: number, now: () => number): () => boolean {
  let left = atOnce;
  let lookedAtMs = now();
  return () => {
    const nowMs = now();
    left = Math.min(atOnce, left + ((nowMs - lookedAtMs) * perSecond) / 1_000);
    lookedAtMs = nowMs;
    if (left < 1) return false;
    left--;
    return true;
  };
}
