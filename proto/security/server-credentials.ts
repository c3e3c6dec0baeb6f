/**
 * A server's own certificate, replaceable while it serves. Certificates of clients are asked for and
 * verified in the handshake; whether a call may do without is the guard's to say, because joining
 * must, and one port is easier to open than two.
 */
import type { SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Keys } from "./channel.js";

const contextOf = ({ privateKeyPem, chainPem, authorityPem }: Keys): SecureContextOptions => ({
  key: privateKeyPem,
  cert: chainPem,
  ca: authorityPem,
  minVersion: "TLSv1.3",
});

export class RenewableServerCredentials extends ServerCredentials {
  constructor(keys: Keys) {
    super({ requestCert: true, rejectUnauthorized: false }, contextOf(keys));
  }

  /** For connections from now on. */
  renew(keys: Keys): void {
    this.updateSecureContextOptions(contextOf(keys));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
