/**
 * The small kit that every codec decodes with. A decoder reads a whole message and notes each
 * thing that is wrong with it under the path of its field; it never throws and never stops early,
 * so that a user is told of all mistakes at once. Where a field is wrong it goes on with a stand-in,
 * which nobody sees: `finish` gives the value away only if nothing was noted.
 */
import type { ErrorCode, Result, Violation } from "../../core/result.js";
import { fail, ok } from "../../core/result.js";

/** More than this many violations of one message are counted, not listed. */
export const violationsMax = 100;

/** Longest text of an identifier or a name that is not limited more tightly elsewhere. */
export const identifierLength = 1_024;

interface Faults {
  readonly violations: Violation[];
  unlisted: number;
}

/** Where a decoder stands: the path of the message it reads, and what was found wrong so far. */
export interface Scope {
  readonly path: string;
  readonly faults: Faults;
}

export function newScope(path = ""): Scope {
  return { path, faults: { violations: [], unlisted: 0 } };
}

/** The value if nothing was noted, else an error that lists what was. */
export function finish<T>(
  scope: Scope,
  what: string,
  value: T,
  code: ErrorCode = "invalid_argument",
): Result<T> {
  const { violations, unlisted } = scope.faults;
  const first = violations[0];
  if (first === undefined) return ok(value);
  const more = violations.length - 1 + unlisted;
  const suffix = more > 0 ? ` (and ${more} more)` : "";
  const onlyLimits = violations.every(({ limit }) => limit !== undefined);
  return fail(
    onlyLimits ? "limit_exceeded" : code,
    `${what}: ${first.field} ${first.message}${suffix}`,
    violations,
  );
}

export const fieldPath = (scope: Scope, name: string): string =>
  scope.path === "" ? name : `${scope.path}.${name}`;

export const child = (scope: Scope, name: string): Scope => ({
  path: fieldPath(scope, name),
  faults: scope.faults,
});

export function note(scope: Scope, name: string, message: string): void {
  noteViolation(scope, { field: fieldPath(scope, name), message });
}

/** Notes that a field is past a stated limit; an error of nothing else is `limit_exceeded`. */
export function noteLimit(scope: Scope, name: string, message: string, limit: number): void {
  noteViolation(scope, { field: fieldPath(scope, name), message, limit });
}

export function noteViolation(scope: Scope, violation: Violation): void {
  if (scope.faults.violations.length < violationsMax) scope.faults.violations.push(violation);
  else scope.faults.unlisted += 1;
}

/** An integer within [minimum, maximum]. */
export function integer(
  scope: Scope,
  name: string,
  value: number,
  minimum = 0,
  maximum = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value)) note(scope, name, `must be an integer, not ${value}`);
  else if (value < minimum) {
    if (minimum === 0) note(scope, name, `must not be negative, but is ${value}`);
    else noteLimit(scope, name, `must be at least ${minimum}, but is ${value}`, minimum);
  } else if (value > maximum) {
    noteLimit(scope, name, `must be at most ${maximum}, but is ${value}`, maximum);
  }
  return value;
}

export function integerOrNull(
  scope: Scope,
  name: string,
  value: number | undefined,
  minimum = 0,
): number | null {
  return value === undefined ? null : integer(scope, name, value, minimum);
}

/** A finite number of at least `minimum`. */
export function finite(
  scope: Scope,
  name: string,
  value: number,
  minimum = Number.NEGATIVE_INFINITY,
): number {
  if (!Number.isFinite(value)) note(scope, name, `must be a finite number, not ${value}`);
  else if (value < minimum) note(scope, name, `must be at least ${minimum}, but is ${value}`);
  return value;
}

/** A text that names something: neither empty nor longer than `limit`. */
export function identifier(
  scope: Scope,
  name: string,
  value: string,
  limit: number = identifierLength,
): string {
  if (value === "") note(scope, name, "must not be empty");
  else if (value.length > limit) {
    noteLimit(scope, name, `must have at most ${limit} characters, but has ${value.length}`, limit);
  }
  return value;
}

/** One of a closed list of words. */
export function literal<const T extends string>(
  scope: Scope,
  name: string,
  value: string,
  words: readonly [T, ...T[]],
): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  note(scope, name, `must be one of ${words.join(", ")}, not ${JSON.stringify(excerpt(value))}`);
  return words[0];
}

/** The word of an enum's number; `words` lists every number that has one. */
export function enumWord<T extends string>(
  scope: Scope,
  name: string,
  value: number,
  words: ReadonlyMap<number, T>,
  standIn: T,
): T {
  const found = words.get(value);
  if (found !== undefined) return found;
  note(scope, name, `has no meaning: ${value}; known are ${[...words.values()].join(", ")}`);
  return standIn;
}

/** Turns a compile-checked table `word → enum number` around. */
export function wordsOf<T extends string>(
  table: Readonly<Record<T, number>>,
  words: readonly T[],
): ReadonlyMap<number, T> {
  return new Map(words.map((word) => [table[word], word]));
}

interface MessageType<W> {
  decode(input: Uint8Array): W;
}

const nothing = new Uint8Array(0);

/**
 * A submessage that must be there. If it is not, that alone is noted: the stand-in is decoded from
 * an empty message with its own faults thrown away.
 */
export function required<W, T>(
  scope: Scope,
  name: string,
  value: W | undefined,
  type: MessageType<W>,
  decode: (scope: Scope, wire: W) => T,
): T {
  if (value !== undefined) return decode(child(scope, name), value);
  note(scope, name, "is missing");
  return decode(newScope(), type.decode(nothing));
}

export function optional<W, T>(
  scope: Scope,
  name: string,
  value: W | undefined,
  decode: (scope: Scope, wire: W) => T,
): T | null {
  return value === undefined ? null : decode(child(scope, name), value);
}

export function list<W, T>(
  scope: Scope,
  name: string,
  values: readonly W[],
  decode: (scope: Scope, wire: W) => T,
): readonly T[] {
  return values.map((value, index) => decode(child(scope, `${name}[${index}]`), value));
}

/**
 * Names that a plain object has by inheritance, and `prototype`. As keys of a map from outside they
 * would be read where nothing was written, so no map may carry them.
 */
export const isReservedKey = (key: string): boolean =>
  key in Object.prototype || key === "prototype";

export function textRecord(
  scope: Scope,
  name: string,
  entries: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return record(scope, name, entries, (_scope, _key, value) => value);
}

export function integerRecord(
  scope: Scope,
  name: string,
  entries: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  return record(scope, name, entries, (inner, key, value) => integer(inner, key, value));
}

function record<W, T>(
  scope: Scope,
  name: string,
  entries: ReadonlyMap<string, W>,
  decode: (scope: Scope, key: string, value: W) => T,
): Readonly<Record<string, T>> {
  const result: Record<string, T> = {};
  for (const [key, value] of entries) {
    const inner = child(scope, name);
    if (key === "") note(inner, '""', "is an empty name");
    else if (isReservedKey(key)) note(inner, key, "is a reserved name");
    else result[key] = decode(inner, key, value);
  }
  return result;
}

/** A record as the entries of a wire map. */
export function entriesOf<T>(values: Readonly<Record<string, T>>): Map<string, T> {
  return new Map(Object.entries(values));
}

export const excerpt = (text: string): string =>
  text.length > 60 ? `${text.slice(0, 60)}…` : text;
