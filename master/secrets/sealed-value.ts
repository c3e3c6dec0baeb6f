/**
 * One value as it lies on the disk: AES-256-GCM under a random nonce, with everything that says what
 * it is authenticated beside it. A value in another's place, or of another version, does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyRing, SecretKey } from "./keys.js";
import { SecretTrouble } from "./trouble.js";

/** Whose value it is. */
export interface ValueName {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
}

export interface SealedValue {
  /** Of the key that opens it. */
  readonly keyId: string;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly sealed: Buffer;
}

const cipher = "aes-256-gcm";
const format = "almanac secret";
/** Raised whenever a file that the code before wrote would be misread. */
const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;

export function seal(key: SecretKey, of: ValueName, value: Uint8Array): SealedValue {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key.bytes, nonce, { authTagLength: tagBytes });
  sealing.setAAD(associated(key.id, of));
  const sealed = Buffer.concat([sealing.update(value), sealing.final()]);
  return { keyId: key.id, nonce, tag: sealing.getAuthTag(), sealed };
}

/** Throws SecretTrouble: its key is not there, or it is not what was sealed. */
export function unseal(keys: KeyRing | null, of: ValueName, value: SealedValue): Buffer {
  const key = keys?.find(({ id }) => id === value.keyId);
  if (key === undefined) {
    const words = `is sealed with key ${value.keyId}, which is not among this master's keys`;
    throw new SecretTrouble("failed_precondition", `${describe(of)} ${words}`);
  }
  try {
    const opening = createDecipheriv(cipher, key.bytes, value.nonce, { authTagLength: tagBytes });
    opening.setAAD(associated(key.id, of));
    opening.setAuthTag(value.tag);
    return Buffer.concat([opening.update(value.sealed), opening.final()]);
  } catch {
    throw damaged(of);
  }
}

export const damaged = (of: ValueName): SecretTrouble =>
  new SecretTrouble("internal", `${describe(of)} is damaged on the disk, or was changed there`);

export const describe = ({ namespace, name, version }: ValueName): string =>
  `secret ${name} of namespace ${namespace} (version ${version})`;

/** Unambiguous: JSON quotes what could run into its neighbour. */
const associated = (keyId: string, { namespace, name, version }: ValueName): Buffer =>
  Buffer.from(JSON.stringify([format, formatVersion, namespace, name, version, keyId]));

/** With the name, for people: what is authenticated is the name that is asked for. */
export const encodeSealed = (of: ValueName, { keyId, nonce, tag, sealed }: SealedValue): string =>
  `${JSON.stringify({
    format,
    formatVersion,
    namespace: of.namespace,
    name: of.name,
    version: of.version,
    keyId,
    nonce: nonce.toString("base64"),
    tag: tag.toString("base64"),
    sealed: sealed.toString("base64"),
  })}\n`;

/** Throws SecretTrouble for what is no such file, or one of a later format. */
export function decodeSealed(of: ValueName, text: string): SealedValue {
  const found = fieldsOf(text);
  if (found === null || found.format !== format) throw damaged(of);
  if (found.formatVersion !== formatVersion) {
    const words = `has format ${String(found.formatVersion)}; this master knows ${formatVersion}`;
    throw new SecretTrouble("failed_precondition", `${describe(of)} ${words}`);
  }
  const { namespace, name, version, keyId } = found;
  if (namespace !== of.namespace || name !== of.name || version !== of.version) throw damaged(of);
  const [nonce, tag, sealed] = [found.nonce, found.tag, found.sealed].map(bytesOf);
  if (typeof keyId !== "string" || nonce?.length !== nonceBytes || tag?.length !== tagBytes) {
    throw damaged(of);
  }
  if (sealed === undefined || sealed === null) throw damaged(of);
  return { keyId, nonce, tag, sealed };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? { ...found } : null;
  } catch {
    return null;
  }
}

/** Only what would be written the same way: no two files mean one value. */
function bytesOf(field: unknown): Buffer | null {
  if (typeof field !== "string") return null;
  const bytes = Buffer.from(field, "base64");
  return bytes.toString("base64") === field ? bytes : null;
}
