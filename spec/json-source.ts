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
  let line = 1;
  let expectKey = false;
  const path = (): Path => frames.map((frame) => frame.step);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) line++;
    else if (c === 34) {
      const end = endOfString(text, i);
      const frame = frames[frames.length - 1];
      if (expectKey && frame !== undefined && frame.keys !== null) {
        const key = String(JSON.parse(text.slice(i, end + 1)));
        const problem = isForbiddenKey(key)
          ? forbiddenKeyMessage(key)
          : frame.keys.has(key)
            ? "duplicate key: it was given before"
            : null;
        frame.keys.add(key);
        frame.step = key;
        expectKey = false;
        if (!visit({ line, depth: frames.length, step: key, problem, path })) return;
      }
      i = end;
    } else if (c === 123 || c === 91) {
      const isObject = c === 123;
      frames.push({ keys: isObject ? new Set() : null, step: 0 });
      expectKey = isObject;
      const deep = frames.length === depthMax + 1;
      const problem = deep ? `nested more than ${depthMax} deep` : null;
      if (deep && !visit({ line, depth: frames.length, step: 0, problem, limit: depthMax, path }))
        return;
      if (!isObject && !visit({ line, depth: frames.length, step: 0, problem: null, path })) return;
    } else if (c === 125 || c === 93) frames.pop();
    else if (c === 44) {
      const frame = frames[frames.length - 1];
      if (frame === undefined) continue;
      if (frame.keys !== null) expectKey = true;
      else if (typeof frame.step === "number") {
        frame.step++;
        const item = lineOfNextToken(text, i + 1, line);
        if (!visit({ line: item, depth: frames.length, step: frame.step, problem: null, path }))
          return;
      }
    }
  }
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

function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92) i++;
    else if (c === 34) return i;
  }
  return i;
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
