/**
 * Who gets in: join tokens and certificates. A token is spent by the event that names the serial it
 * was spent on, so it is one-time under concurrency and across restarts.
 */
import { type Identity, identityNamePattern, type JoinRole } from "../../core/identity.js";
import type { TokenView } from "../../core/join-token.js";
import { type AlmanacError, fail, ok } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { State, TokenRecord } from "./state.js";

type Of<T extends Command["type"]> = Extract<Command, { type: T }>;

export const tokenTtlMsMax = 30 * 24 * 3_600_000;
const openTokensMax = 10_000;
/** Good certificates of one holder: whoever renews without end would fill the journal. */
const certificatesMax = 16;

/** Of the person who may read the master's data directory. */
export const localUser = "local";
const localKept = 3;
/** Names that the journal uses for others than people. */
const reservedNames: ReadonlySet<string> = new Set(["master", "anonymous", localUser]);

export function* issueToken(state: State, command: Of<"IssueToken">, nowMs: number): Decision {
  const { token, secretHash, role, name, ttlMs } = command;
  if (!identityNamePattern.test(name) || (role === "user" && reservedNames.has(name))) {
    const message = "must be 1 to 128 letters, digits, `_`, `.` and `-`, and not `master`";
    return fail("invalid_argument", `name ${message}`, [{ field: "name", message }]);
  }
  if (!(ttlMs >= 1 && ttlMs <= tokenTtlMsMax)) {
    const message = "must be above 0 and at most 30 days";
    return fail("invalid_argument", `ttl ${message}`, [{ field: "ttlMs", message }]);
  }
  const open = [...state.access.tokens.values()].filter((one) => tokenState(one, nowMs) === "open");
  if (open.length >= openTokensMax) {
    return fail("limit_exceeded", `${openTokensMax} tokens are open: revoke some`);
  }
  yield { type: "TokenIssued", token, secretHash, role, name, ttlMs };
  return noReply;
}

export function* redeemToken(state: State, command: Of<"RedeemToken">, nowMs: number): Decision {
  const token = state.access.tokens.get(command.token);
  // One answer for both, so that nobody learns which ids exist.
  if (token === undefined || token.secretHash !== command.secretHash) {
    return fail("permission_denied", "the token is wrong: this master has not issued it");
  }
  const standing = tokenState(token, nowMs);
  if (standing !== "open") {
    const why = { used: "has been used already", expired: "has expired", revoked: "was revoked" };
    const again = `create another with \`almanac token create --${token.role} ${token.name}\``;
    return fail("permission_denied", `the token ${why[standing]}; ${again}`);
  }
  if (holds(state, token, nowMs) >= certificatesMax) return tooMany(token);
  const expiresAtMs = nowMs + command.lifeMs;
  yield { type: "TokenUsed", token: token.id, serial: command.serial, expiresAtMs };
  return ok({ kind: "certify", role: token.role, name: token.name });
}

export function* renewCertificate(
  state: State,
  { previous, serial, lifeMs }: Of<"RenewCertificate">,
  nowMs: number,
): Decision {
  const known = state.access.certificates.get(previous);
  if (known === undefined || known.expiresAtMs <= nowMs) {
    return fail("permission_denied", "the certificate is not good any more: join anew");
  }
  if (holds(state, known, nowMs) >= certificatesMax) return tooMany(known);
  yield { type: "CertificateRenewed", previous, serial, expiresAtMs: nowMs + lifeMs };
  return ok({ kind: "certify", role: known.role, name: known.name });
}

/** Replaces those of earlier starts, but for a few: a command may be about to use one of them. */
export function* issueLocalCertificate(
  state: State,
  { serial, lifeMs }: Of<"IssueLocalCertificate">,
  nowMs: number,
): Decision {
  const name = localUser;
  const earlier = serialsOf(state, name, "user").slice(0, -localKept);
  const expiresAtMs = nowMs + lifeMs;
  yield { type: "CertificateIssued", serial, role: "user", name, expiresAtMs };
  for (const one of earlier) yield { type: "CertificateBarred", serial: one };
  return ok({ kind: "certify", role: "user", name });
}

export function* revokeAccess(
  state: State,
  { target, role }: Of<"RevokeAccess">,
  nowMs: number,
): Decision {
  const known = state.access.tokens.get(target);
  if (known !== undefined && role === null) {
    const standing = tokenState(known, nowMs);
    if (standing === "open") {
      yield { type: "TokenRevoked", token: known.id };
      return ok({ kind: "revoke", tokensRevoked: 1, certificatesBarred: 0 });
    }
    const then = standing === "used" ? `; revoke ${known.name} to bar its certificates` : "";
    return fail("failed_precondition", `token ${target} is ${standing} already${then}`);
  }
  const tokens = [...state.access.tokens.values()].filter(
    (token) =>
      token.name === target &&
      (role === null || token.role === role) &&
      tokenState(token, nowMs) === "open",
  );
  const serials = serialsOf(state, target, role);
  if (tokens.length + serials.length === 0) {
    const what = role === null ? "" : ` ${role}`;
    return fail("not_found", `no open token and no good certificate of${what} ${target}`);
  }
  for (const token of tokens) yield { type: "TokenRevoked", token: token.id };
  for (const serial of serials) yield { type: "CertificateBarred", serial };
  return ok({
    kind: "revoke",
    tokensRevoked: tokens.length,
    certificatesBarred: serials.length,
  });
}

/** Why the holder of a certificate is not let in; null: it is. */
export function certificateTrouble(
  state: State,
  { role, name }: Identity,
  serial: string,
  nowMs: number,
): AlmanacError | null {
  const known = state.access.certificates.get(serial);
  if (known === undefined || known.role !== role || known.name !== name) {
    return denied(`the certificate of ${role} ${name} has been revoked: join anew`);
  }
  if (known.expiresAtMs <= nowMs) return denied(`the certificate of ${role} ${name} has expired`);
  return null;
}

const denied = (message: string): AlmanacError => ({
  code: "permission_denied",
  message,
  violations: [],
});

export const tokenView = (token: TokenRecord, nowMs: number): TokenView => ({
  id: token.id,
  role: token.role,
  name: token.name,
  state: tokenState(token, nowMs),
  issuedAtMs: token.issuedAtMs,
  expiresAtMs: token.expiresAtMs,
});

function tokenState({ status, expiresAtMs }: TokenRecord, nowMs: number): TokenView["state"] {
  if (status.kind !== "open") return status.kind;
  return expiresAtMs <= nowMs ? "expired" : "open";
}

interface Holder {
  readonly role: JoinRole;
  readonly name: string;
}

const holds = (state: State, { role, name }: Holder, nowMs: number): number =>
  [...state.access.certificates.values()].filter(
    (one) => one.role === role && one.name === name && one.expiresAtMs > nowMs,
  ).length;

const serialsOf = (state: State, name: string, role: JoinRole | null): string[] =>
  [...state.access.certificates]
    .filter(([, one]) => one.name === name && (role === null || one.role === role))
    .map(([serial]) => serial);

const tooMany = ({ role, name }: Holder) =>
  fail("limit_exceeded", `${role} ${name} holds ${certificatesMax} good certificates already`);
