/**
 * The keys that values are sealed with: 32 bytes each, known by the first half of a hash. The first
 * of a source seals, all of them open, so that a key is exchanged by putting another one before it.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { replaceFile } from "../../proto/security/replace-file.js";
import { SecretTrouble } from "./trouble.js";

export interface SecretKey {
  /** 16 hexadecimal digits; tells nothing of the key. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** The one that seals first. */
export type KeyRing = readonly [SecretKey, ...SecretKey[]];

/** Where keys are. */
export type KeySource =
  /** Made at the first need, and exchanged for a new one by a rotation. */
  | { readonly kind: "own"; readonly path: string }
  /** An operator's: read, never written. */
  | { readonly kind: "file"; readonly path: string }
  /** As the process was given them at its start. */
  | { readonly kind: "environment"; readonly variable: string; readonly text: string };

const keyBytes = 32;
const keysMax = 16;
/** No file of keys is as long. */
const fileBytesMax = 4_096;
/** Whoever may read it besides its owner has all secrets. */
const othersMask = 0o077;

export function keyOf(bytes: Buffer): SecretKey {
  const hash = createHash("sha256").update("almanac secret key\0").update(bytes).digest("hex");
  return { id: hash.slice(0, 16), bytes };
}

export const newKey = (): SecretKey => keyOf(randomBytes(keyBytes));

/** null: a source of our own has none yet. Throws SecretTrouble for keys that cannot be used. */
export async function readKeys(source: KeySource): Promise<KeyRing | null> {
  if (source.kind === "environment") return parseKeys(source.text, source.variable);
  const text = await readClosedFile(source.path, source.kind === "own");
  return text === null ? null : parseKeys(text, source.path);
}

/** Into a file of our own: durable, and whole or as before. */
export const writeKeys = (path: string, keys: KeyRing): Promise<void> =>
  replaceFile(path, keys.map(({ bytes }) => `${bytes.toString("base64")}\n`).join(""));

/** One key a line, or between commas: base64 or hexadecimal. What stands there is never said. */
function parseKeys(text: string, where: string): KeyRing {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const [first, ...rest] = words.map((word, index) => {
    const bytes = bytesOf(word);
    if (bytes !== null) return keyOf(bytes);
    const must = `must be ${keyBytes} bytes as base64 or hexadecimal digits`;
    throw new SecretTrouble("invalid_argument", `${where}: key ${index + 1} ${must}`);
  });
  if (first === undefined) throw new SecretTrouble("invalid_argument", `${where} holds no key`);
  if (rest.length >= keysMax) {
    throw new SecretTrouble("limit_exceeded", `${where} holds more than ${keysMax} keys`);
  }
  return [first, ...rest];
}

function bytesOf(word: string): Buffer | null {
  if (/^[0-9A-Fa-f]{64}$/.test(word)) return Buffer.from(word, "hex");
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(word)) return null;
  const bytes = Buffer.from(word, "base64");
  return bytes.length === keyBytes ? bytes : null;
}

/** The mode is asked of what was opened, so that it is of what is read. */
async function readClosedFile(path: string, mayBeAbsent: boolean): Promise<string | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (mayBeAbsent && codeOf(error) === "ENOENT") return null;
    throw new SecretTrouble("failed_precondition", `the key file ${path} cannot be read`, error);
  }
  try {
    const { mode, uid, size } = await file.stat();
    const own = process.getuid?.() ?? 0;
    if (uid !== own && uid !== 0) {
      const whose = `belongs to user ${uid}, not to user ${own}, who runs the master`;
      throw new SecretTrouble("permission_denied", `the key file ${path} ${whose}`);
    }
    if ((mode & othersMask) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0");
      const words = `is open to others (mode ${octal}): chmod 600 it`;
      throw new SecretTrouble("permission_denied", `the key file ${path} ${words}`);
    }
    if (size > fileBytesMax) {
      throw new SecretTrouble("limit_exceeded", `${path} is too long for a file of keys`);
    }
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : null;
