/**
 * The values, each in a file named by its version. Written once, sealed anew when the key changes,
 * removed when nobody can ask for it any more.
 */
import { readFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, syncDirectory, unfinishedSuffix } from "../../proto/security/replace-file.js";
import type { KeyRing, SecretKey } from "./keys.js";
import {
  decodeSealed,
  describe,
  encodeSealed,
  type SealedValue,
  seal,
  unseal,
  type ValueName,
} from "./sealed-value.js";
import { SecretTrouble } from "./trouble.js";

export interface ValueStore {
  /** Resolves when it is durable. */
  put(of: ValueName, value: Uint8Array, key: SecretKey): Promise<void>;
  /** At once, from what the kernel has in memory mostly. Throws SecretTrouble. */
  get(of: ValueName, keys: KeyRing | null): Buffer;
  /** Of the key that it is sealed with. Throws SecretTrouble. */
  keyIdOf(of: ValueName): string;
  /** Seals it with this key; false: it was already. Throws SecretTrouble. */
  reseal(of: ValueName, keys: KeyRing): Promise<boolean>;
  /** Removes every file but those of these versions; returns how many. */
  keepOnly(versions: ReadonlySet<number>): Promise<number>;
}

const suffix = ".secret";

export async function openValueStore(directory: string): Promise<ValueStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (version: number): string => join(directory, `${version}${suffix}`);

  const write = (of: ValueName, value: SealedValue): Promise<void> =>
    replaceFile(pathOf(of.version), encodeSealed(of, value));

  function read(of: ValueName): SealedValue {
    let text: string;
    try {
      text = readFileSync(pathOf(of.version), "utf8");
    } catch (error) {
      const words = `${describe(of)} has no value on this master's disk: set it again`;
      throw new SecretTrouble("failed_precondition", words, error);
    }
    return decodeSealed(of, text);
  }

  return {
    put: (of, value, key) => write(of, seal(key, of, value)),
    get: (of, keys) => unseal(keys, of, read(of)),
    keyIdOf: (of) => read(of).keyId,
    async reseal(of, keys) {
      const before = read(of);
      const [key] = keys;
      if (before.keyId === key.id) return false;
      await write(of, seal(key, of, unseal(keys, of, before)));
      return true;
    },
    async keepOnly(versions) {
      const surplus = (await readdir(directory)).filter((name) => {
        if (name.endsWith(`${suffix}${unfinishedSuffix}`)) return true;
        const version = /^(\d+)\.secret$/.exec(name)?.[1];
        return version !== undefined && !versions.has(Number(version));
      });
      for (const name of surplus) await rm(join(directory, name), { force: true });
      if (surplus.length > 0) await syncDirectory(directory);
      return surplus.length;
    },
  };
}
