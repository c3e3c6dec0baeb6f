/**
 * The master as a certificate authority: one key, made at the first start and kept in the data
 * directory, that signs for the master itself and for whoever joins. What may be signed is decided
 * in pure/access.ts; nothing is signed that the journal does not know.
 */
import "reflect-metadata";
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { type Identity, identityUri } from "../../core/identity.js";
import type { Keys } from "../../proto/security/channel.js";
import { writePrivately } from "../../proto/security/credentials.js";
import { createKey, keyAlgorithm } from "../../proto/security/x509.js";

export interface Authority {
  readonly certificatePem: string;
  /** SHA-256 of the certificate, base64url. */
  readonly fingerprint: string;
  readonly sign: (order: SigningOrder) => Promise<string>;
  readonly newSerial: () => string;
  readonly requestedKey: (der: Uint8Array) => Promise<x509.PublicKey | null>;
}

export interface SigningOrder {
  readonly publicKey: x509.PublicKeyType;
  readonly identity: Identity;
  readonly serial: string;
  readonly nowMs: number;
  readonly lifeMs: number;
  /** DNS names and addresses, of who serves. */
  readonly names: readonly string[];
}

/** Longer than any cluster: replacing an authority means joining anew. */
const authorityLifeMs = 20 * 365 * 24 * 3_600_000;
/** A node whose clock is behind must not find its certificate of the future. */
const clockSkewMs = 5 * 60_000;

export async function openAuthority(directory: string, nowMs: number): Promise<Authority> {
  const keyPath = join(directory, "authority-key.pem");
  const certificatePath = join(directory, "authority.pem");
  // The certificate is written last: without it nothing has been signed yet.
  if (!existsSync(certificatePath)) await createAuthority(keyPath, certificatePath, nowMs);
  chmodSync(keyPath, 0o600);
  const certificate = new x509.X509Certificate(readFileSync(certificatePath, "utf8"));
  const der = x509.PemConverter.decodeFirst(readFileSync(keyPath, "utf8"));
  const { subtle } = webcrypto;
  const signingKey = await subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"]);
  const certificatePem = `${certificate.toString("pem")}\n`;
  return {
    certificatePem,
    fingerprint: createHash("sha256").update(Buffer.from(certificate.rawData)).digest("base64url"),
    newSerial,
    requestedKey,
    async sign(order) {
      const signed = await x509.X509CertificateGenerator.create({
        serialNumber: order.serial,
        subject: `CN=almanac ${order.identity.role}`,
        issuer: certificate.subject,
        notBefore: new Date(order.nowMs - clockSkewMs),
        // Whole seconds in a certificate; the journal holds the exact end, and is asked as well.
        notAfter: new Date(Math.ceil((order.nowMs + order.lifeMs) / 1_000) * 1_000),
        signingAlgorithm: keyAlgorithm,
        publicKey: order.publicKey,
        signingKey,
        extensions: extensionsOf(order),
      });
      return `${signed.toString("pem")}\n${certificatePem}`;
    },
  };
}

function extensionsOf({ identity, names }: SigningOrder): x509.Extension[] {
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const serves = identity.role === "master" || identity.role === "planner";
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(serves ? [clientAuth, serverAuth] : [clientAuth]),
    new x509.SubjectAlternativeNameExtension([
      { type: "url", value: identityUri(identity) },
      ...names.map((name) => ({
        type: isAddress(name) ? ("ip" as const) : ("dns" as const),
        value: name,
      })),
    ]),
  ];
}

const isAddress = (name: string): boolean => name.includes(":") || /^[\d.]+$/.test(name);

async function createAuthority(keyPath: string, path: string, nowMs: number): Promise<void> {
  const { pair, privateKeyPem } = await createKey();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=almanac authority ${randomBytes(4).toString("hex")}`,
    notBefore: new Date(nowMs - clockSkewMs),
    notAfter: new Date(nowMs + authorityLifeMs),
    signingAlgorithm: keyAlgorithm,
    keys: pair,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  await writePrivately(keyPath, `${privateKeyPem}\n`);
  await writePrivately(path, `${certificate.toString("pem")}\n`);
}

/** The master's own, for a server that is also a client of the planner. */
export async function signOwnKeys(
  authority: Authority,
  order: { readonly names: readonly string[]; readonly nowMs: number; readonly lifeMs: number },
): Promise<Keys> {
  const { pair, privateKeyPem } = await createKey();
  const identity: Identity = { role: "master", name: "master" };
  const serial = newSerial();
  const chainPem = await authority.sign({ ...order, identity, serial, publicKey: pair.publicKey });
  return { privateKeyPem, chainPem, authorityPem: authority.certificatePem };
}

/** As Node shows it: upper case, and no leading zeros to lose. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString("hex").toUpperCase();
}

const requestBytesMax = 4_096;

/** The key of a signing request that proves to hold it; null: it is none that we sign for. */
async function requestedKey(der: Uint8Array): Promise<x509.PublicKey | null> {
  if (der.length > requestBytesMax) return null;
  try {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(der).buffer);
    const { algorithm } = request.publicKey;
    const ours = "namedCurve" in algorithm && algorithm.namedCurve === keyAlgorithm.namedCurve;
    return ours && (await request.verify()) ? request.publicKey : null;
  } catch {
    return null; // whatever it was
  }
}
