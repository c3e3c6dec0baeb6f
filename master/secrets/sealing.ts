/**
 * The keys in use: which one seals, which ones open, and how one is exchanged for another while
 * values are read and written.
 */
import { fail, ok, type Result } from "../../core/result.js";
import type { Rotation } from "../../proto/codec/secrets.js";
import {
  type KeyRing,
  type KeySource,
  newKey,
  readKeys,
  type SecretKey,
  writeKeys,
} from "./keys.js";
import type { ValueName } from "./sealed-value.js";
import { SecretTrouble, troubleOf } from "./trouble.js";
import type { ValueStore } from "./value-store.js";

export interface Sealing {
  /** All that open values now; null: there has been no need for one yet. */
  keys(): KeyRing | null;
  /** Made at the first need, where the source is the master's own. Throws SecretTrouble. */
  sealingKey(all: readonly ValueName[]): Promise<SecretKey>;
  /** Seals all values with the first key of the source, as that is now. Throws SecretTrouble. */
  rotate(all: readonly ValueName[]): Promise<Result<Rotation>>;
}

/** Throws SecretTrouble: the source holds what cannot be used. */
export async function openSealing(source: KeySource, store: ValueStore): Promise<Sealing> {
  let keys = await readKeys(source);

  async function sealingKey(all: readonly ValueName[]): Promise<SecretKey> {
    if (keys !== null) return keys[0];
    // A key that has gone while values are sealed with it is put back, not replaced unseen.
    const lost = keyIdsOf(store, all);
    if (source.kind !== "own" || lost.length > 0) {
      const words = `put it back, or remove the secrets that are sealed with it`;
      throw new SecretTrouble(
        "failed_precondition",
        `key ${lost.join(", key ")} is gone: ${words}`,
      );
    }
    keys = [newKey()];
    await writeKeys(source.path, keys);
    return keys[0];
  }

  async function rotate(all: readonly ValueName[]): Promise<Result<Rotation>> {
    const found: KeyRing | null = source.kind === "own" ? [newKey()] : await readKeys(source);
    if (found === null) throw new SecretTrouble("internal", "a source of keys holds none");
    const sealing = keyIdsOf(store, all);
    const before = (keys ?? []).filter(({ id }) => sealing.includes(id));
    // Until it is through, the keys before open what they have sealed, whatever the source says.
    const both: KeyRing = [...found, ...before];
    if (source.kind === "own") await writeKeys(source.path, both);
    keys = both;
    const { values, troubles } = await resealAll(store, both, all);
    const [first] = troubles;
    if (first !== undefined) {
      const more = troubles.length === 1 ? "" : ` (and ${troubles.length - 1} more)`;
      return fail(first.code, `${values} values were sealed anew, but ${first.message}${more}`);
    }
    if (source.kind === "own") await writeKeys(source.path, found);
    keys = found;
    return ok({ keyId: found[0].id, values });
  }

  return { keys: () => keys, sealingKey, rotate };
}

/** A value that cannot be opened keeps no other from being sealed anew. */
async function resealAll(
  store: ValueStore,
  keys: KeyRing,
  all: readonly ValueName[],
): Promise<{ readonly values: number; readonly troubles: readonly SecretTrouble[] }> {
  const troubles: SecretTrouble[] = [];
  let values = 0;
  for (const of of all) {
    try {
      if (await store.reseal(of, keys)) values++;
    } catch (error) {
      troubles.push(troubleOf(error));
    }
  }
  return { values, troubles };
}

/** Those of which it can be told. */
function keyIdsOf(store: ValueStore, all: readonly ValueName[]): readonly string[] {
  const ids = all.map((of) => {
    try {
      return store.keyIdOf(of);
    } catch {
      return "";
    }
  });
  return [...new Set(ids)].filter((id) => id !== "");
}
