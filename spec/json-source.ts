/**
 * JSON with what JSON.parse does not tell: duplicate keys and lines. The platform's parser judges
 * and builds; a scanner over the then known-good text finds keys. Both are iterative, so depth is
 * no danger.
 */
import type { Violation } from "../core/result.js";
import { violationsMax } from "../core/violations.js";
import { depthMax, fieldOf, forbiddenKeyMessage, isForbiddenKey, type Path } from "./path.js";

export interface JsonSource {
  readonly data: unknown;
  readonly violations: readonly Violation[];
  readonly lineOf: (path: Path) => number;
}

/** null: the text is no JSON. */
export function readJson(text: string): JsonSource | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  const violations: Violation[] = [];
  scan(text, (place) => {
    if (place.problem !== null) {
      const base = { field: fieldOf(place.path()), message: place.problem, line: place.line };
      violations.push(place.limit === undefined ? base : { ...base, limit: place.limit });
    }
    return violations.length < violationsMax;
  });
  return { data, violations, lineOf: (path) => lineOf(text, path) };
}

interface Place {
  readonly line: number;
  readonly depth: number;
  /** The step that leads here from the container around it. */
  readonly step: string | number;
  readonly problem: string | null;
  readonly limit?: number;
  readonly path: () => Path;
}

interface Frame {
  readonly keys: Set<string> | null;
  step: string | number;
}

/** Visits each key and list item of valid JSON in order, until the visitor returns false. */
function scan(text: string, visit: (place: Place) => boolean): void {
  const frames: Frame[] = [];
  const path = (): Path => frames.map((frame) => frame.step);
  for (const token of tokens(text)) {
    const opened = token.kind === "object" || token.kind === "list";
    if (token.kind === "close") frames.pop();
    if (opened) frames.push({ keys: token.kind === "object" ? new Set() : null, step: 0 });
    const frame = frames[frames.length - 1];
    if (frame === undefined) continue;
    const found = opened ? open(token, frames.length) : advance(token, frame);
    if (found === null) continue;
    frame.step = found.step;
    if (!visit({ ...found, depth: frames.length, path })) return;
  }
}

type Found = Pick<Place, "line" | "step" | "problem" | "limit">;

/** A container that was opened: too deep, or a list's first item. */
function open(token: Token, depth: number): Found | null {
  if (depth === depthMax + 1) {
    const problem = `nested more than ${depthMax} deep`;
    return { line: token.line, step: 0, problem, limit: depthMax };
  }
  return token.kind === "list" ? { line: token.nextLine(), step: 0, problem: null } : null;
}

/** A key of an object, or the next item of a list. */
function advance(token: Token, frame: Frame): Found | null {
  if (frame.keys === null) {
    if (token.kind !== "comma" || typeof frame.step !== "number") return null;
    return { line: token.nextLine(), step: frame.step + 1, problem: null };
  }
  if (token.kind !== "key") return null;
  const key = String(JSON.parse(token.raw));
  const duplicate = frame.keys.has(key) ? "duplicate key: it was given before" : null;
  frame.keys.add(key);
  const problem = isForbiddenKey(key) ? forbiddenKeyMessage(key) : duplicate;
  return { line: token.line, step: key, problem };
}

interface Token {
  readonly kind: "key" | "object" | "list" | "close" | "comma";
  readonly line: number;
  /** Of a key: as it stands, with its quotes. */
  readonly raw: string;
  /** Line of what follows. */
  readonly nextLine: () => number;
}

const kinds: ReadonlyMap<string, Token["kind"]> = new Map([
  ["{", "object"],
  ["[", "list"],
  ["}", "close"],
  ["]", "close"],
  [",", "comma"],
]);

/** Brackets, commas and keys of valid JSON; a key is a string that a colon follows. */
function* tokens(text: string): Generator<Token> {
  const structural = /["{}[\],\n]/g;
  let line = 1;
  for (let match = structural.exec(text); match !== null; match = structural.exec(text)) {
    const at = line;
    const start = match.index;
    const end = match[0] === '"' ? endOfString(text, start) : structural.lastIndex;
    structural.lastIndex = end;
    const kind = match[0] === '"' && isBeforeColon(text, end) ? "key" : kinds.get(match[0]);
    if (match[0] === "\n") line++;
    if (kind === undefined) continue;
    const nextLine = (): number => lineOfNextToken(text, end, at);
    yield { kind, line, raw: kind === "key" ? text.slice(start, end) : match[0], nextLine };
  }
}

/** By hand: a regular expression would run out of stack on a string of some megabytes. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92) i++;
    else if (c === 34) return i + 1;
  }
  return text.length;
}

function isBeforeColon(text: string, end: number): boolean {
  let i = end;
  while (/\s/.test(text.charAt(i))) i++;
  return text.charAt(i) === ":";
}

function lineOf(text: string, path: Path): number {
  let matched = 0;
  let line = 1;
  scan(text, (place) => {
    // Left the container that matched so far: nothing nearer can follow.
    if (place.depth <= matched) return false;
    if (place.depth === matched + 1 && place.step === path[matched]) {
      matched++;
      line = place.line;
    }
    return matched < path.length;
  });
  return line;
}

function lineOfNextToken(text: string, from: number, line: number): number {
  let at = line;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) at++;
    else if (c !== 32 && c !== 9 && c !== 13) break;
  }
  return at;
}
