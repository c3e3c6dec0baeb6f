/**
 * Which atom to decide next: those of recent conflicts (VSIDS, Moskewicz et al. 2001). An atom and
 * its negation are one entry, (variable, value) for "x >= value", made when a conflict first names
 * it. A binary heap orders them; what is decided or implied is taken off and put back by levels.
 */
import { type Engine, grown } from "./engine.js";

export interface Activity {
  count: number;
  /** Even side of the variable, and the value. */
  side: Int32Array;
  value: Int32Array;
  score: Float64Array;
  bump: number;
  /** Open addressing over (side, value): index + 1. */
  table: Int32Array;
  heap: Int32Array;
  heapLength: number;
  /** Place in the heap, or -1. */
  place: Int32Array;
  /** Taken off the heap, with the level at which that was. */
  taken: Int32Array;
  takenLevel: Int32Array;
  takenLength: number;
  /** Only literals are entries: enough where they settle everything. */
  readonly literalsOnly: boolean;
}

const tableBits = 17;
const atomsMax = 1 << (tableBits - 1);
const scoreMax = 1e100;
/** 1 / 0.95: a conflict counts that much more than the one before. */
const growth = 1.052_631_578_947_368_4;

export function createActivity(literalsOnly: boolean): Activity {
  return {
    literalsOnly,
    count: 0,
    side: new Int32Array(1024),
    value: new Int32Array(1024),
    score: new Float64Array(1024),
    bump: 1,
    table: new Int32Array(1 << tableBits),
    heap: new Int32Array(1024),
    heapLength: 0,
    place: new Int32Array(1024),
    taken: new Int32Array(1024),
    takenLevel: new Int32Array(1024),
    takenLength: 0,
  };
}

const hashOf = (side: number, value: number): number =>
  (Math.imul(Math.imul(side, 0x9e37_79b1) ^ value, 0x85eb_ca6b) >>> 0) >>> (32 - tableBits);

/** `create`: also where the atom is not known yet. */
export function bumpAtom(activity: Activity, side: number, value: number, create: boolean): void {
  const even = side & ~1;
  const least = (side & 1) === 0 ? value : 1 - value;
  let slot = hashOf(even, least);
  const mask = activity.table.length - 1;
  for (;;) {
    const entry = (activity.table[slot] as number) - 1;
    if (entry < 0) break;
    if (activity.side[entry] === even && activity.value[entry] === least) {
      return raise(activity, entry);
    }
    slot = (slot + 1) & mask;
  }
  if (!create || activity.count >= atomsMax) return;
  if (activity.literalsOnly && least !== 1) return;
  const entry = activity.count;
  if (entry === activity.side.length) growAtoms(activity);
  activity.count += 1;
  activity.table[slot] = entry + 1;
  activity.side[entry] = even;
  activity.value[entry] = least;
  activity.score[entry] = activity.bump;
  push(activity, entry);
}

function growAtoms(activity: Activity): void {
  const least = activity.side.length * 2;
  activity.side = grown(activity.side, least);
  activity.value = grown(activity.value, least);
  const score = new Float64Array(least);
  score.set(activity.score);
  activity.score = score;
  activity.heap = grown(activity.heap, least);
  activity.place = grown(activity.place, least);
}

function raise(activity: Activity, entry: number): void {
  const score = (activity.score[entry] as number) + activity.bump;
  activity.score[entry] = score;
  const place = activity.place[entry] as number;
  if (place >= 0) up(activity, place);
  if (score > scoreMax) rescale(activity);
}

function rescale(activity: Activity): void {
  for (let k = 0; k < activity.count; k += 1) {
    activity.score[k] = (activity.score[k] as number) / scoreMax;
  }
  activity.bump /= scoreMax;
}

/** After each conflict. */
export function decay(activity: Activity): void {
  activity.bump *= growth;
  if (activity.bump > scoreMax) rescale(activity);
}

/** The most active atom that is open, or -1. */
export function nextAtom(activity: Activity, engine: Engine): number {
  while (activity.heapLength > 0) {
    const entry = pop(activity, engine.level);
    const side = activity.side[entry] as number;
    const value = activity.value[entry] as number;
    const holds = (engine.low[side] as number) >= value;
    if (!holds && -(engine.low[side ^ 1] as number) >= value) return entry;
  }
  return -1;
}

/** After backtracking: what was taken off above the level may be open again. */
export function putBack(activity: Activity, level: number): void {
  while (activity.takenLength > 0) {
    const last = activity.takenLength - 1;
    // An atom taken when `level` was current may have been decided just above it.
    if ((activity.takenLevel[last] as number) < level) return;
    activity.takenLength = last;
    push(activity, activity.taken[last] as number);
  }
}

/** At level 0: forgets atoms of low score where there are too many. */
export function thinOut(activity: Activity): void {
  if (activity.count < atomsMax - 1024) return;
  const order = Array.from({ length: activity.count }, (_, entry) => entry);
  order.sort((a, b) => (activity.score[b] as number) - (activity.score[a] as number) || a - b);
  const kept = order.slice(0, atomsMax >> 2);
  const side = Int32Array.from(kept, (entry) => activity.side[entry] as number);
  const value = Int32Array.from(kept, (entry) => activity.value[entry] as number);
  const score = Float64Array.from(kept, (entry) => activity.score[entry] as number);
  activity.count = 0;
  activity.heapLength = 0;
  activity.takenLength = 0;
  activity.table.fill(0);
  kept.forEach((_, k) => {
    bumpAtom(activity, side[k] as number, value[k] as number, true);
    activity.score[k] = score[k] as number;
  });
}

function push(activity: Activity, entry: number): void {
  const place = activity.heapLength;
  activity.heapLength = place + 1;
  activity.heap[place] = entry;
  activity.place[entry] = place;
  up(activity, place);
}

function pop(activity: Activity, level: number): number {
  const { heap, place } = activity;
  const entry = heap[0] as number;
  place[entry] = -1;
  activity.heapLength -= 1;
  const last = heap[activity.heapLength] as number;
  if (activity.heapLength > 0) {
    heap[0] = last;
    place[last] = 0;
    down(activity);
  }
  const at = activity.takenLength;
  if (at === activity.taken.length) {
    activity.taken = grown(activity.taken, at + 1);
    activity.takenLevel = grown(activity.takenLevel, at + 1);
  }
  activity.taken[at] = entry;
  activity.takenLevel[at] = level;
  activity.takenLength = at + 1;
  return entry;
}

function up(activity: Activity, from: number): void {
  const { heap, place, score } = activity;
  const entry = heap[from] as number;
  const own = score[entry] as number;
  let at = from;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const other = heap[parent] as number;
    if ((score[other] as number) >= own) break;
    heap[at] = other;
    place[other] = at;
    at = parent;
  }
  heap[at] = entry;
  place[entry] = at;
}

function down(activity: Activity): void {
  const { heap, place, score, heapLength } = activity;
  const entry = heap[0] as number;
  const own = score[entry] as number;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heapLength) break;
    const right = child + 1;
    const isRight =
      right < heapLength &&
      (score[heap[right] as number] as number) > (score[heap[child] as number] as number);
    if (isRight) child = right;
    const other = heap[child] as number;
    if ((score[other] as number) <= own) break;
    heap[at] = other;
    place[other] = at;
    at = child;
  }
  heap[at] = entry;
  place[entry] = at;
}
