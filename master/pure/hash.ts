/**
 * A hash of the whole state, kept per entity: a change marks its entity dirty, and the hash is
 * brought up to date only when somebody asks. The sum over entities does not depend on their order,
 * so a live state and its replay agree.
 */

export interface StateHash {
  readonly dirty: Map<string, () => string | null>;
  readonly entities: Map<string, readonly [number, number]>;
  high: number;
  low: number;
}

export const emptyHash = (): StateHash => ({
  dirty: new Map(),
  entities: new Map(),
  high: 0,
  low: 0,
});

/**
 * Marks an entity changed; `text` renders it when the hash is next asked for. null: it is no longer
 * there, and the hash is as if it had never been.
 */
export function touch(hash: StateHash, key: string, text: () => string | null): void {
  hash.dirty.set(key, text);
}

/** It is no longer there: at once, so that nothing is kept of what nobody asks the hash about. */
export function remove(hash: StateHash, key: string): void {
  const before = hash.entities.get(key) ?? [0, 0];
  hash.high = (hash.high - before[0]) >>> 0;
  hash.low = (hash.low - before[1]) >>> 0;
  hash.entities.delete(key);
  hash.dirty.delete(key);
}

/** 16 hexadecimal digits. */
export function stateHash(hash: StateHash): string {
  for (const [key, text] of hash.dirty) {
    const before = hash.entities.get(key) ?? [0, 0];
    const now = text();
    const after = now === null ? ([0, 0] as const) : digest(`${key}\n${now}`);
    hash.high = (hash.high - before[0] + after[0]) >>> 0;
    hash.low = (hash.low - before[1] + after[1]) >>> 0;
    if (now === null) hash.entities.delete(key);
    else hash.entities.set(key, after);
  }
  hash.dirty.clear();
  return hex(hash.high) + hex(hash.low);
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Two independent 32-bit mixes (multiply and rotate, after MurmurHash3's finaliser). */
export function digest(text: string): readonly [number, number] {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 0x85ebca77);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, 0xc2b2ae3d);
    b = (b << 17) | (b >>> 15);
  }
  return [mix(a ^ text.length), mix(b ^ text.length)];
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
