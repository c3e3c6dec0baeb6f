/** Keys and certificates: ECDSA on P-256 with SHA-256, nothing else. Loaded only where one is made. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface NewKey {
  readonly pair: webcrypto.CryptoKeyPair;
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

export async function createKey(): Promise<NewKey> {
  const pair = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const der = await webcrypto.subtle.exportKey("pkcs8", pair.privateKey);
  return { pair, privateKeyPem: x509.PemConverter.encode(der, "PRIVATE KEY") };
}

/** PKCS #10, DER: proof of the key, and nothing said of its holder, who is what its token says. */
export async function createSigningRequest({ pair }: NewKey): Promise<Uint8Array> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=almanac",
    keys: pair,
    signingAlgorithm: keyAlgorithm,
  });
  return new Uint8Array(request.rawData);
}
