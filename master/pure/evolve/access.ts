/** Events of join tokens and certificates. What is long over is forgotten, by the events' own time. */
import { assert } from "../../../core/result.js";
import { touch } from "../hash.js";
import type { CertificateRecord, State, TokenRecord } from "../state.js";
import type { Of } from "./entities.js";

/** For as long after its end a token is known, so that a late use of it hears why it is refused. */
export const tokenMemoryMs = 30 * 24 * 3_600_000;

export function tokenIssued(state: State, event: Of<"TokenIssued">, atMs: number): void {
  const { token, secretHash, role, name, ttlMs } = event;
  const { tokens } = state.access;
  for (const known of tokens.values()) {
    if (known.expiresAtMs + tokenMemoryMs < atMs) {
      tokens.delete(known.id);
      touchToken(state, known.id);
    }
  }
  tokens.set(token, {
    id: token,
    role,
    name,
    secretHash,
    issuedAtMs: atMs,
    expiresAtMs: atMs + ttlMs,
    status: { kind: "open" },
  });
  touchToken(state, token);
}

export function tokenUsed(state: State, event: Of<"TokenUsed">, atMs: number): void {
  const token = tokenOf(state, event.token);
  token.status = { kind: "used", atMs };
  touchToken(state, token.id);
  const { role, name } = token;
  remember(state, event.serial, { role, name, expiresAtMs: event.expiresAtMs }, atMs);
}

export function tokenRevoked(state: State, event: Of<"TokenRevoked">, atMs: number): void {
  tokenOf(state, event.token).status = { kind: "revoked", atMs };
  touchToken(state, event.token);
}

export function certificateIssued(
  state: State,
  event: Of<"CertificateIssued">,
  atMs: number,
): void {
  const { serial, role, name, expiresAtMs } = event;
  remember(state, serial, { role, name, expiresAtMs }, atMs);
}

/** The previous one stays good until it expires: its holder may not have received the new one. */
export function certificateRenewed(
  state: State,
  event: Of<"CertificateRenewed">,
  atMs: number,
): void {
  const previous = state.access.certificates.get(event.previous);
  assert(previous !== undefined, `a certificate renewed that is not good: ${event.previous}`);
  const { role, name } = previous;
  remember(state, event.serial, { role, name, expiresAtMs: event.expiresAtMs }, atMs);
}

export function certificateBarred(state: State, { serial }: Of<"CertificateBarred">): void {
  forget(state, serial);
}

function remember(
  state: State,
  serial: string,
  certificate: CertificateRecord,
  atMs: number,
): void {
  for (const [known, { expiresAtMs }] of state.access.certificates) {
    if (expiresAtMs < atMs) forget(state, known);
  }
  state.access.certificates.set(serial, certificate);
  touchCertificate(state, serial);
}

function forget(state: State, serial: string): void {
  state.access.certificates.delete(serial);
  touchCertificate(state, serial);
}

function tokenOf(state: State, id: string): TokenRecord {
  const token = state.access.tokens.get(id);
  assert(token !== undefined, `no token ${id}`);
  return token;
}

export const touchToken = (state: State, id: string): void =>
  touch(state.hash, `token ${id}`, () => known(state.access.tokens.get(id)));

export const touchCertificate = (state: State, serial: string): void =>
  touch(state.hash, `certificate ${serial}`, () => known(state.access.certificates.get(serial)));

const known = (record: TokenRecord | CertificateRecord | undefined): string | null =>
  record === undefined ? null : JSON.stringify(record);
