/**
 * A map that forgets: at most `sizeMax` entries in two generations. When the young one is full it
 * becomes the old one, whose entries are lost unless they are admitted again in time. What is used
 * stays, and forgetting costs nothing per use.
 */
export interface Generations<T> {
  young: Map<string, T>;
  /** An entry is in one of the two. */
  old: Map<string, T>;
}

export const emptyGenerations = <T>(): Generations<T> => ({ young: new Map(), old: new Map() });

export function findIn<T>(generations: Generations<T>, name: string): T | undefined {
  return generations.young.get(name) ?? generations.old.get(name);
}

/** The entry of that name, made if it is not there, as one of the young. */
export function admitTo<T>(
  generations: Generations<T>,
  name: string,
  sizeMax: number,
  create: () => T,
): T {
  const known = generations.young.get(name);
  if (known !== undefined) return known;
  const entry = generations.old.get(name) ?? create();
  generations.old.delete(name);
  if (generations.young.size >= sizeMax / 2) {
    generations.old = generations.young;
    generations.young = new Map();
  }
  generations.young.set(name, entry);
  return entry;
}
