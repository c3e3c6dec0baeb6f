/**
 * The gate: instances for daily work, few enough to run often and none of them trivial. Chosen by
 * rule, so that nobody's favourites are in it: a single pass of list scheduling is more than 5 %
 * above the best known value (or finds no plan), families take turns, and within a family a hash of
 * the name decides. The list is kept in `instances.json`, so that it stays when list scheduling
 * becomes better.
 */

export interface Candidate {
  readonly instance: string;
  readonly family: string;
  readonly tasks: number;
  /** (one pass - best known) / best known; Infinity where one pass finds no plan. */
  readonly onePassGap: number;
}

const gapMin = 0.05;
/** Larger ones belong to runs over whole families. */
const tasksMax = 3_000;

export function chooseGate(candidates: readonly Candidate[], count: number): string[] {
  const queues = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { family, tasks, onePassGap } = candidate;
    if (onePassGap <= gapMin || tasks > tasksMax) continue;
    const queue = queues.get(family) ?? [];
    queue.push(candidate);
    queues.set(family, queue);
  }
  const families = [...queues].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, queue] of families) {
    queue.sort((a, b) => hash(a.instance) - hash(b.instance) || (a.instance < b.instance ? -1 : 1));
  }
  const chosen: string[] = [];
  for (let turn = 0; chosen.length < count; turn++) {
    const before = chosen.length;
    for (const [, queue] of families) {
      const candidate = queue[turn];
      if (candidate !== undefined && chosen.length < count) chosen.push(candidate.instance);
    }
    if (chosen.length === before) break;
  }
  return chosen.sort();
}

/** FNV-1a (Fowler, Noll & Vo), 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value >>> 0;
}
