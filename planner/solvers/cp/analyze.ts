/**
 * Conflict analysis: the first unique implication point (Zhang et al. 2001) over bounds. Of each side
 * only the highest bound that is needed stays in the conflict. What the rest implies is left out
 * again (Sörensson & Biere 2009).
 */
import type { Activity } from "./activity.js";
import { bumpAtom } from "./activity.js";
import { bumpClause } from "./clauses.js";
import { type Engine, grown, reasonClause, reasonNone } from "./engine.js";
import { backtrack, explain } from "./trail.js";

export interface Lesson {
  /** Atoms of the clause: first what now follows, then one of the level to go back to. */
  atoms: Int32Array;
  length: number;
  /** To go back to; -1: the conflict holds without any decision. */
  level: number;
  /** Number of levels among the atoms. */
  glue: number;
  /** Scratch. */
  stamp: Int32Array;
  stampNow: number;
  failed: Int32Array;
  budget: number;
  /** Entry of the atom that may be left out: only earlier ones may speak for it. */
  limit: number;
}

export function createLesson(): Lesson {
  return {
    atoms: new Int32Array(256),
    length: 0,
    level: -1,
    glue: 0,
    stamp: new Int32Array(256),
    stampNow: 0,
    failed: new Int32Array(1024),
    budget: 0,
    limit: 0,
  };
}

/** Entries of the current level in the conflict; module state would outlive a run, so it is passed. */
interface Count {
  current: number;
}

export function analyze(engine: Engine, lesson: Lesson, activity: Activity): void {
  engine.conflicts += 1;
  const level = conflictLevel(engine);
  lesson.level = -1;
  lesson.length = 0;
  if (level === 0) return;
  if (level < engine.level) backtrack(engine, level);
  engine.touchedCount = 0;
  const count: Count = { current: 0 };
  for (let k = 0; k < engine.conflictLength; k += 2) {
    take(engine, count, engine.conflict[k] as number, engine.conflict[k + 1] as number);
  }
  let at = engine.trailLength - 1;
  for (; ; at -= 1) {
    const side = engine.trailSide[at] as number;
    if (engine.needAt[side] !== at) continue;
    if (count.current === 1) break;
    count.current -= 1;
    engine.needAt[side] = -1;
    resolve(engine, count, activity, at, side, engine.need[side] as number);
  }
  conclude(engine, lesson, activity, at);
}

/** Latest level of the atoms in conflict. */
function conflictLevel(engine: Engine): number {
  let level = 0;
  for (let k = 0; k < engine.conflictLength; k += 2) {
    const at = entryOf(engine, engine.conflict[k] as number, engine.conflict[k + 1] as number);
    if (at >= 0) level = Math.max(level, engine.trailLevel[at] as number);
  }
  return level;
}

/** The entry of the trail by which the atom came to hold; -1: it holds at level 0. */
function entryOf(engine: Engine, side: number, value: number): number {
  const { trailLow, trailPrevious } = engine;
  let at = engine.top[side] as number;
  if (at < 0) return -1;
  for (;;) {
    const previous = trailPrevious[at] as number;
    if (previous < 0 || (trailLow[previous] as number) < value) break;
    at = previous;
  }
  if ((engine.trailOld[at] as number) >= value) return -1;
  return (engine.trailLevel[at] as number) === 0 ? -1 : at;
}

function take(engine: Engine, count: Count, side: number, value: number): void {
  const at = entryOf(engine, side, value);
  if (at < 0) return;
  const known = engine.needAt[side] as number;
  const isCurrent = engine.trailLevel[at] === engine.level;
  if (known >= 0) {
    if ((engine.need[side] as number) >= value) return;
    if (isCurrent && engine.trailLevel[known] !== engine.level) count.current += 1;
  } else {
    if (isCurrent) count.current += 1;
    touch(engine, side);
  }
  engine.need[side] = value;
  engine.needAt[side] = at;
}

function touch(engine: Engine, side: number): void {
  if (engine.touchedCount === engine.touched.length) {
    engine.touched = grown(engine.touched, engine.touchedCount + 1);
  }
  engine.touched[engine.touchedCount] = side;
  engine.touchedCount += 1;
}

function resolve(
  engine: Engine,
  count: Count,
  activity: Activity,
  at: number,
  side: number,
  value: number,
): void {
  const reason = engine.trailReason[at] as number;
  if ((reason & 3) === reasonClause) bumpClause(engine, reason >>> 2);
  bumpAtom(activity, side, value, false);
  const from = explain(engine, reason, side, value);
  for (let k = from; k < engine.explainedLength; k += 2) {
    take(engine, count, engine.explained[k] as number, engine.explained[k + 1] as number);
  }
  engine.explainedLength = from;
}

/** Writes the clause, shortened; clears the marks. */
function conclude(engine: Engine, lesson: Lesson, activity: Activity, uip: number): void {
  const { touched, touchedCount, needAt, need } = engine;
  const uipSide = engine.trailSide[uip] as number;
  if (lesson.atoms.length < 2 * touchedCount + 4) {
    lesson.atoms = grown(lesson.atoms, 2 * touchedCount + 4);
  }
  if (lesson.failed.length < engine.trailLength) {
    lesson.failed = grown(lesson.failed, engine.trailLength);
  }
  lesson.stampNow += 1;
  lesson.budget = 40 * touchedCount + 200;
  const { atoms } = lesson;
  atoms[0] = uipSide ^ 1;
  atoms[1] = 1 - (need[uipSide] as number);
  lesson.length = 2;
  bumpAtom(activity, uipSide, need[uipSide] as number, true);
  // A side that is touched twice stands in the list twice: `failed` of its entry tells.
  for (let k = 0; k < touchedCount; k += 1) {
    const side = touched[k] as number;
    const at = needAt[side] as number;
    if (at < 0 || side === uipSide || lesson.failed[at] === -lesson.stampNow) continue;
    lesson.failed[at] = -lesson.stampNow;
    const value = need[side] as number;
    if (isRedundant(engine, lesson, at, side, value)) continue;
    atoms[lesson.length] = side ^ 1;
    atoms[lesson.length + 1] = 1 - value;
    lesson.length += 2;
    bumpAtom(activity, side, value, true);
  }
  grade(engine, lesson);
  for (let k = 0; k < touchedCount; k += 1) needAt[touched[k] as number] = -1;
}

const depthMax = 24;

/** Whether the other atoms of the conflict imply this one, through its reason. */
function isRedundant(
  engine: Engine,
  lesson: Lesson,
  at: number,
  side: number,
  value: number,
): boolean {
  const reason = engine.trailReason[at] as number;
  lesson.limit = at;
  return reason !== reasonNone && reasonHolds(engine, lesson, reason, side, value, 0);
}

function reasonHolds(
  engine: Engine,
  lesson: Lesson,
  reason: number,
  side: number,
  value: number,
  depth: number,
): boolean {
  const from = explain(engine, reason, side, value);
  const end = engine.explainedLength;
  let holds = true;
  for (let k = from; k < end && holds; k += 2) {
    const atom = engine.explained[k] as number;
    holds = isImplied(engine, lesson, atom, engine.explained[k + 1] as number, depth);
  }
  engine.explainedLength = from;
  return holds;
}

function isImplied(
  engine: Engine,
  lesson: Lesson,
  side: number,
  value: number,
  depth: number,
): boolean {
  const at = entryOf(engine, side, value);
  if (at < 0) return true;
  const known = engine.needAt[side] as number;
  // A later bound of the conflict may itself be left out because of the one in question.
  if (known >= 0 && known < lesson.limit && (engine.need[side] as number) >= value) return true;
  const reason = engine.trailReason[at] as number;
  if (reason === reasonNone || depth >= depthMax || lesson.budget <= 0) return false;
  if (lesson.failed[at] === lesson.stampNow) return false;
  lesson.budget -= 1;
  if (reasonHolds(engine, lesson, reason, side, value, depth + 1)) return true;
  // Marks of atoms of the conflict are needed; those have been answered above.
  if (lesson.failed[at] !== -lesson.stampNow) lesson.failed[at] = lesson.stampNow;
  return false;
}

/** Level to go back to, put second, and the number of levels. */
function grade(engine: Engine, lesson: Lesson): void {
  const { atoms } = lesson;
  lesson.level = 0;
  lesson.glue = 1;
  lesson.stampNow += 1;
  let second = -1;
  for (let k = 2; k < lesson.length; k += 2) {
    // The atoms of the clause are the negations of what holds.
    const at = entryOf(engine, (atoms[k] as number) ^ 1, 1 - (atoms[k + 1] as number));
    const level = at < 0 ? 0 : (engine.trailLevel[at] as number);
    if (level >= lesson.stamp.length) lesson.stamp = grown(lesson.stamp, level + 1);
    if (lesson.stamp[level] !== lesson.stampNow) {
      lesson.stamp[level] = lesson.stampNow;
      lesson.glue += 1;
    }
    if (level > lesson.level) {
      lesson.level = level;
      second = k;
    }
  }
  if (second > 2) {
    const [side, value] = [atoms[2] as number, atoms[3] as number];
    atoms[2] = atoms[second] as number;
    atoms[3] = atoms[second + 1] as number;
    atoms[second] = side;
    atoms[second + 1] = value;
  }
}
