/**
 * The states of a best-first search: each a key of a few words in one long array, found again by
 * open addressing, and a link in the bucket of its f. Nothing is ever freed; when the arena is full
 * the search ends.
 */

export interface Arena {
  /** States so far. */
  count: number;
  keys: Int32Array;
  keysUsed: number;
  /** [states + 1] Offset of each state's key. */
  keyFirst: Int32Array;
  hash: Int32Array;
  parent: Int32Array;
  /** Activity and place of the last decision. */
  move: Int32Array;
  /** Longest path through what is decided. */
  past: Int32Array;
  /** 1: the bound of the state has been computed in full. */
  sharp: Uint8Array;
  /** The next state in the same bucket, or -1. */
  next: Int32Array;
  /** Open addressing: state + 1, or 0. A power of two. */
  table: Int32Array;
}

const statesFirst = 2 ** 12;
/** About 200 MB with keys of twenty words. */
export const statesMax = 2 ** 21;
const keyWordsMax = 40 * 2 ** 20;

export function createArena(): Arena {
  return {
    count: 0,
    keys: new Int32Array(statesFirst * 16),
    keysUsed: 0,
    keyFirst: new Int32Array(statesFirst + 1),
    hash: new Int32Array(statesFirst),
    parent: new Int32Array(statesFirst),
    move: new Int32Array(statesFirst),
    past: new Int32Array(statesFirst),
    sharp: new Uint8Array(statesFirst),
    next: new Int32Array(statesFirst),
    table: new Int32Array(statesFirst * 4),
  };
}

export const isFull = (arena: Arena, words: number): boolean =>
  arena.count + 1 >= statesMax || arena.keysUsed + words > keyWordsMax;

/**
 * Whether a state of this key has been met whose past is no longer: then the new one leads nowhere
 * better. Keys are compared in full, for a wrong match would be a wrong proof.
 */
export function isKnown(
  arena: Arena,
  key: Int32Array,
  words: number,
  hash: number,
  past: number,
): boolean {
  const { table, keys, keyFirst } = arena;
  const mask = table.length - 1;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const state = (table[slot] as number) - 1;
    if (state < 0) return false;
    if (arena.hash[state] !== hash || (arena.past[state] as number) > past) continue;
    const first = keyFirst[state] as number;
    if ((keyFirst[state + 1] as number) - first !== words) continue;
    let word = 0;
    while (word < words && keys[first + word] === key[word]) word++;
    if (word === words) return true;
  }
}

/** Returns the new state. There must be room. */
export function addState(
  arena: Arena,
  key: Int32Array,
  words: number,
  hash: number,
  past: number,
  parent: number,
  move: number,
): number {
  if (arena.count + 1 >= arena.hash.length) growStates(arena);
  if (arena.keysUsed + words > arena.keys.length) arena.keys = doubled(arena.keys);
  const state = arena.count++;
  const { keys, keysUsed } = arena;
  for (let word = 0; word < words; word++) keys[keysUsed + word] = key[word] as number;
  arena.keysUsed += words;
  arena.keyFirst[state + 1] = arena.keysUsed;
  arena.hash[state] = hash;
  arena.past[state] = past;
  arena.parent[state] = parent;
  arena.move[state] = move;
  insert(arena, state);
  return state;
}

function insert({ table, hash }: Arena, state: number): void {
  const mask = table.length - 1;
  let slot = (hash[state] as number) & mask;
  while (table[slot] !== 0) slot = (slot + 1) & mask;
  table[slot] = state + 1;
}

function growStates(arena: Arena): void {
  const size = arena.hash.length * 2;
  const keyFirst = new Int32Array(size + 1);
  keyFirst.set(arena.keyFirst);
  arena.keyFirst = keyFirst;
  arena.hash = doubled(arena.hash);
  arena.parent = doubled(arena.parent);
  arena.move = doubled(arena.move);
  arena.past = doubled(arena.past);
  arena.next = doubled(arena.next);
  const sharp = new Uint8Array(size);
  sharp.set(arena.sharp);
  arena.sharp = sharp;
  arena.table = new Int32Array(size * 4);
  for (let state = 0; state < arena.count; state++) insert(arena, state);
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Murmur3's mixing of 32-bit words (A. Appleby, 2008). */
export function hashOf(key: Int32Array, words: number): number {
  let hash = 0x2f0b4c47;
  for (let word = 0; word < words; word++) {
    let k = Math.imul(key[word] as number, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    hash ^= Math.imul(k, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
