/** How a server of the cluster comes by its certificate: from its data directory, or by a token. */
import { join as joinPath } from "node:path";
import type { Logger } from "pino";
import type { JoinRole } from "../core/identity.js";
import { type Credentials, readCredentials } from "../proto/security/credentials.js";
import { join } from "../proto/security/join.js";
import { keepRenewed, type Membership } from "../proto/security/membership.js";
import { CommandFailure, failure } from "./failure.js";
import { type GivenToken, readToken } from "./given-token.js";

export interface JoiningOptions {
  readonly role: JoinRole;
  /** What the command is told to be called; null: whatever the certificate says. */
  readonly name: string | null;
  /** null: none was given. */
  readonly token: GivenToken | null;
  readonly address: string;
  readonly dataDirectory: string;
  readonly log: Logger;
  readonly onRenewed?: (credentials: Credentials) => void;
}

/** null: it has never joined, and was not asked to. */
export async function membershipOf(options: JoiningOptions): Promise<Membership | null> {
  const { role, name, address, log } = options;
  const directory = joinPath(options.dataDirectory, "membership");
  const credentials = await credentialsOf(options, directory);
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

/**
 * A token that stays where it is given, in a file or the environment, is found there again at every
 * start: spent, or taken away meanwhile. What was had by it holds on.
 */
async function credentialsOf(
  { token, address, log }: JoiningOptions,
  directory: string,
): Promise<Credentials | null> {
  const held = readCredentials(directory);
  if (token === null) return held;
  const read = readToken(token);
  if (!read.ok && (held === null || !token.stays)) throw new CommandFailure(read.error);
  if (!read.ok) return held;
  const joined = await join({ token: read.value, address, directory });
  if (joined.ok) return joined.value;
  if (held === null || !token.stays) throw new CommandFailure(joined.error);
  log.warn({ token: token.from, error: joined.error.message }, "the token is left aside");
  return held;
}
