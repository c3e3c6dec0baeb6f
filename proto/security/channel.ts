/**
 * Channels to the other side, plain or mutually authenticated. A peer must be certified by our own
 * authority and for its role: the authority certifies workers too, and none of them may pass for a
 * master.
 */
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { type Identity, parseIdentityUri, type Role } from "../../core/identity.js";
import type { Credentials } from "./credentials.js";

export interface Keys {
  readonly privateKeyPem: string;
  readonly chainPem: string;
  readonly authorityPem: string;
}

/**
 * Names of servers are checked here, against the address that was dialled: many are dialled by IP
 * address, which TLS does not let a client ask for by name. For every client of this module.
 */
export const tlsClientOptions = { "grpc.ssl_target_name_override": "almanac" } as const;

/** To a master. null: plain, which only loopback is for. */
export const channelToMaster = (address: string, held: Credentials | null): ChannelCredentials =>
  held === null
    ? credentials.createInsecure()
    : credentials.createSsl(
        Buffer.from(held.authorityPem),
        Buffer.from(held.privateKeyPem),
        Buffer.from(held.chainPem),
        { checkServerIdentity: isMasterAt(address) },
      );

/** For joining: nothing to show yet, but the authority is known by its fingerprint. */
export const channelForJoining = (address: string, authorityPem: string): ChannelCredentials =>
  credentials.createSsl(Buffer.from(authorityPem), null, null, {
    checkServerIdentity: isMasterAt(address),
  });

/** To a planner, which is known by its role: it may have any address. */
export const channelToPlanner = (
  keys: Keys,
  admit: (identity: Identity, serial: string) => boolean,
): ChannelCredentials =>
  credentials.createSsl(
    Buffer.from(keys.authorityPem),
    Buffer.from(keys.privateKeyPem),
    Buffer.from(keys.chainPem),
    {
      checkServerIdentity: (_host, certificate) => {
        const identity = identityOf(certificate);
        const known = identity?.role === "planner" && admit(identity, certificate.serialNumber);
        return known ? undefined : new Error("the certificate shown is no good planner's");
      },
    },
  );

function isMasterAt(address: string) {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  return (_name: string, certificate: PeerCertificate): Error | undefined => {
    const role: Role | undefined = identityOf(certificate)?.role;
    if (role !== "master") return new Error("the certificate shown is no master's");
    return checkServerIdentity(host, certificate);
  };
}

/** From the one `almanac://` entry among the alternative names; null: not exactly one. */
export function identityOf(certificate: PeerCertificate): Identity | null {
  const uris = (certificate.subjectaltname ?? "")
    .split(", ")
    .flatMap((entry) => (entry.startsWith("URI:almanac:") ? [entry.slice("URI:".length)] : []));
  const [uri] = uris;
  return uri === undefined || uris.length > 1 ? null : parseIdentityUri(uri);
}
