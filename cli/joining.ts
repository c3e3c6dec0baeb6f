/** How a server of the cluster comes by its certificate: from its data directory, or by a token. */
import { join as joinPath } from "node:path";
import type { Logger } from "pino";
import type { JoinRole } from "../core/identity.js";
import { type Credentials, readCredentials } from "../proto/security/credentials.js";
import { join } from "../proto/security/join.js";
import { keepRenewed, type Membership } from "../proto/security/membership.js";
import { failure, unwrap } from "./failure.js";

export interface JoiningOptions {
  readonly role: JoinRole;
  /** What the command is told to be called; null: whatever the certificate says. */
  readonly name: string | null;
  /** null: none was given. */
  readonly token: string | null;
  readonly address: string;
  readonly dataDirectory: string;
  readonly log: Logger;
  readonly onRenewed?: (credentials: Credentials) => void;
}

/** null: it has never joined, and was not asked to. */
export async function membershipOf(options: JoiningOptions): Promise<Membership | null> {
  const { role, name, token, address, log } = options;
  const directory = joinPath(options.dataDirectory, "membership");
  const credentials =
    token === null ? readCredentials(directory) : unwrap(await join({ token, address, directory }));
  if (credentials === null) return null;
  const { identity } = credentials;
  if (identity.role !== role) {
    const message = `the token was made for a ${identity.role}, not for a ${role}`;
    throw failure("permission_denied", `${message}; create one with --${role}`);
  }
  if (name !== null && name !== identity.name) {
    const message = `the certificate is of ${role} ${identity.name}, not of ${name}`;
    throw failure("permission_denied", `${message}: leave --name out, or join with another token`);
  }
  log.info({ role, name: identity.name, master: address }, "member of the cluster");
  const { onRenewed } = options;
  const hook = onRenewed === undefined ? {} : { onRenewed };
  return keepRenewed({ address, directory, credentials, log, ...hook });
}
