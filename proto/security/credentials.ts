/**
 * What a member of a cluster holds: key, certificate, and the certificate of the authority it
 * trusts. One file, replaced as a whole, so that key and certificate always belong together.
 */

import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Identity, joinRoles } from "../../core/identity.js";
import { replaceFile } from "./replace-file.js";

export interface Credentials {
  readonly identity: Identity;
  readonly privateKeyPem: string;
  /** PEM: the certificate, then the authority's. */
  readonly chainPem: string;
  readonly authorityPem: string;
  /** By this machine's clock, which need not agree with the master's. */
  readonly receivedAtMs: number;
  readonly lifeMs: number;
  /** Id of the token it joined with: another token joins anew. */
  readonly token: string;
}

const fileName = "credentials.json";

export const credentialsFile = (directory: string): string => join(directory, fileName);

/** null: there are none. Throws where they are damaged, naming the file. */
export function readCredentials(directory: string): Credentials | null {
  const path = credentialsFile(directory);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const credentials = parse(text);
  if (credentials === null) throw new Error(`${path} is damaged: remove it, and join anew`);
  return credentials;
}

/** Durable before it returns, and readable by its owner alone from the first byte on. */
export async function writeCredentials(directory: string, credentials: Credentials): Promise<void> {
  await writePrivately(credentialsFile(directory), `${JSON.stringify(credentials)}\n`);
}

export async function writePrivately(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Others may still pass through to what is theirs, where a worker runs tasks of other users.
  chmodSync(directory, statSync(directory).mode & 0o711);
  await replaceFile(path, text, `${path}.${randomUUID()}`);
}

function parse(text: string): Credentials | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const identity = field(value, "identity");
  const role = joinRoles.find((one) => one === field(identity, "role"));
  const name = field(identity, "name");
  const texts = ["privateKeyPem", "chainPem", "authorityPem", "token"].map((key) =>
    field(value, key),
  );
  const numbers = ["receivedAtMs", "lifeMs"].map((key) => field(value, key));
  const [privateKeyPem, chainPem, authorityPem, token] = texts.filter(isText);
  const [receivedAtMs, lifeMs] = numbers.filter(isNumber);
  if (role === undefined || !isText(name) || token === undefined || lifeMs === undefined)
    return null;
  if (privateKeyPem === undefined || chainPem === undefined) return null;
  if (authorityPem === undefined || receivedAtMs === undefined) return null;
  const identified = { role, name };
  return {
    identity: identified,
    privateKeyPem,
    chainPem,
    authorityPem,
    receivedAtMs,
    lifeMs,
    token,
  };
}

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

/** Renewed at two thirds of its life, which leaves the last third for a master that is away. */
export const renewalDueAtMs = ({ receivedAtMs, lifeMs }: Credentials): number =>
  receivedAtMs + Math.floor((lifeMs * 2) / 3);
