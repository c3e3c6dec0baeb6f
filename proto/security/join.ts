/**
 * Joining a cluster and staying in it. The key is made here and never leaves; what travels is a
 * signing request. Before the token's secret is said, the authority has proven to be the one whose
 * fingerprint the token carries.
 */
import { createHash } from "node:crypto";
import { connect, type DetailedPeerCertificate } from "node:tls";
import type { ServiceError } from "@grpc/grpc-js";
import { type ClientUnaryCall, Metadata } from "@grpc/grpc-js";
import { joinRoles } from "../../core/identity.js";
import { type JoinToken, parseJoinToken } from "../../core/join-token.js";
import { fail, ok, type Result } from "../../core/result.js";
import { fromServiceError } from "../codec/errors.js";
import {
  type CertificateWire,
  type EnrollResponse,
  JoinServiceClient,
  type RenewResponse,
} from "../codec/services.js";
import { channelForJoining, channelToMaster, tlsClientOptions } from "./channel.js";
import { type Credentials, readCredentials, writeCredentials } from "./credentials.js";

const deadlineMs = 10_000;

export interface JoinOptions {
  readonly token: string;
  /** `host:port` of the master. */
  readonly address: string;
  readonly directory: string;
}

/** What is held already, where it was had by this very token; else a certificate for it. */
export async function join({
  token,
  address,
  directory,
}: JoinOptions): Promise<Result<Credentials>> {
  const parsed = parseJoinToken(token);
  if (parsed === null) {
    const message = "is not a join token: it must look like alm1.….….…, as it was printed";
    return fail("invalid_argument", `the text given ${message}`, [{ field: "token", message }]);
  }
  const held = readCredentials(directory);
  if (held !== null && held.token === parsed.id) return ok(held);
  const authorityPem = await fetchAuthority(address, parsed.fingerprint);
  if (!authorityPem.ok) return authorityPem;
  const enrolled = await enroll(address, token.trim(), parsed, authorityPem.value);
  if (enrolled.ok) await writeCredentials(directory, enrolled.value);
  return enrolled;
}

/** A new certificate for a new key, stored in place of the old ones. */
export async function renew(
  address: string,
  directory: string,
  held: Credentials,
): Promise<Result<Credentials>> {
  const { createKey, createSigningRequest } = await import("./x509.js");
  const key = await createKey();
  const signingRequest = Buffer.from(await createSigningRequest(key));
  const client = new JoinServiceClient(address, channelToMaster(address, held), tlsClientOptions);
  try {
    const answer = await unary<RenewResponse>((metadata, options, callback) =>
      client.renew({ signingRequest }, metadata, options, callback),
    );
    if (!answer.ok) return answer;
    const { authorityPem, token } = held;
    const { privateKeyPem } = key;
    const renewed = received(answer.value.certificate, { privateKeyPem, authorityPem, token });
    if (renewed.ok) await writeCredentials(directory, renewed.value);
    return renewed;
  } finally {
    client.close();
  }
}

async function enroll(
  address: string,
  token: string,
  { id }: JoinToken,
  authorityPem: string,
): Promise<Result<Credentials>> {
  const { createKey, createSigningRequest } = await import("./x509.js");
  const key = await createKey();
  const signingRequest = Buffer.from(await createSigningRequest(key));
  const client = new JoinServiceClient(
    address,
    channelForJoining(address, authorityPem),
    tlsClientOptions,
  );
  try {
    const answer = await unary<EnrollResponse>((metadata, options, callback) =>
      client.enroll({ token, signingRequest }, metadata, options, callback),
    );
    if (!answer.ok) return answer;
    const { privateKeyPem } = key;
    return received(answer.value.certificate, { privateKeyPem, authorityPem, token: id });
  } finally {
    client.close();
  }
}

function received(
  certificate: CertificateWire | undefined,
  own: Pick<Credentials, "privateKeyPem" | "authorityPem" | "token">,
): Result<Credentials> {
  const role = joinRoles.find((one) => one === certificate?.role);
  if (certificate === undefined || role === undefined || certificate.chain === "") {
    return fail("internal", "the master sent no certificate that can be read");
  }
  const { chain: chainPem, name, lifeMs } = certificate;
  return ok({ ...own, identity: { role, name }, chainPem, receivedAtMs: Date.now(), lifeMs });
}

async function unary<Response>(
  call: (
    metadata: Metadata,
    options: { readonly deadline: number },
    callback: (error: ServiceError | null, response: Response) => void,
  ) => ClientUnaryCall,
): Promise<Result<Response>> {
  try {
    return ok(
      await new Promise<Response>((resolve, reject) => {
        call(new Metadata(), { deadline: Date.now() + deadlineMs }, (error, response) => {
          if (error === null) resolve(response);
          else reject(error);
        });
      }),
    );
  } catch (error) {
    return { ok: false, error: fromServiceError(error) };
  }
}

/**
 * The authority's certificate, PEM, from the chain that the master shows. The connection is not
 * trusted and carries nothing; the certificate is, because its fingerprint came with the token.
 */
function fetchAuthority(address: string, fingerprint: string): Promise<Result<string>> {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const finish = (result: Result<string>): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(deadlineMs, () => finish(fail("unavailable", `${address} does not answer`)));
    socket.on("error", (error) => finish(fail("unavailable", explain(address, error))));
    socket.on("secureConnect", () => {
      const authority = authorityOf(socket.getPeerCertificate(true));
      const digest = createHash("sha256").update(authority.raw).digest("base64url");
      if (digest !== fingerprint) {
        const message = `the master at ${address} is not the one that made this token`;
        return finish(fail("permission_denied", message));
      }
      const base64 = authority.raw.toString("base64").replace(/.{1,64}/g, "$&\n");
      finish(ok(`-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`));
    });
  });
}

/** The last of the chain shown, which is its own issuer or has none. */
function authorityOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate {
  let last = certificate;
  for (let depth = 0; depth < 4; depth++) {
    const issuer: DetailedPeerCertificate | undefined = last.issuerCertificate;
    if (issuer === undefined || issuer === last) break;
    last = issuer;
  }
  return last;
}

function explain(address: string, error: Error): string {
  const plain = /wrong version number|packet length too long|ECONNRESET/i.test(error.message);
  return plain
    ? `${address} speaks no TLS: start the master with --tls on, or without a token on loopback`
    : `no master answers at ${address}: ${error.message}`;
}
