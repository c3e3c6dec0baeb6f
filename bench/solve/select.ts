/** Which instances of a directory are solved. */
import type { Listed } from "../formats/list.js";

export interface Selection {
  /** Names of families; a `*` at the end stands for any rest. Empty: all. */
  readonly families: readonly string[];
  /** Names of instances. Empty: all. */
  readonly instances: readonly string[];
  /** At most so many of each family, evenly spread over its list; 0: all. */
  readonly limit: number;
}

export function select(all: readonly Listed[], selection: Selection): Listed[] {
  const { families, instances, limit } = selection;
  const wanted = all.filter(
    ({ family, instance }) =>
      (families.length === 0 || families.some((pattern) => matches(family, pattern))) &&
      (instances.length === 0 || instances.includes(instance)),
  );
  if (limit <= 0) return wanted;
  const byFamily = new Map<string, Listed[]>();
  for (const one of wanted) byFamily.set(one.family, [...(byFamily.get(one.family) ?? []), one]);
  return [...byFamily.values()].flatMap((list) => evenly(list, limit));
}

/** Parameter sets follow one another in a list, so its beginning would be of one kind. */
export function evenly<T>(list: readonly T[], limit: number): T[] {
  if (list.length <= limit) return [...list];
  return Array.from({ length: limit }, (_, index) => {
    const place = Math.floor(((index + 0.5) * list.length) / limit);
    return list.slice(place, place + 1);
  }).flat();
}

const matches = (family: string, pattern: string): boolean =>
  pattern.endsWith("*") ? family.startsWith(pattern.slice(0, -1)) : family === pattern;
