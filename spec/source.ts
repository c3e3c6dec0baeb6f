/**
 * A text that a user wrote, YAML or JSON, as plain data of which every place knows its line.
 * Refuses what could harm or mislead: keys that reach into prototypes, duplicate keys, alias
 * bombs, nesting without end, sizes past the limits. Never throws.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { jobLimits } from "../core/job.js";
import { type AlmanacError, fail, ok, type Result, type Violation } from "../core/result.js";
import { utf8Length, violationsMax } from "../core/violations.js";
import { readJson } from "./json-source.js";
import { depthMax, forbiddenKeyMessage, isForbiddenKey, joinField, type Path } from "./path.js";

export interface Source {
  /** The file's name, for messages. */
  readonly name: string;
  readonly data: unknown;
  /** 1-based line of the value at a path, or of its nearest ancestor that exists. */
  readonly lineOf: (path: Path) => number;
}

/** The YAML reader builds a syntax tree of some 150 bytes per byte; larger inputs come as JSON. */
export const yamlBytesMax = 4 * 1024 * 1024;
/** Times that aliases may multiply the nodes they stand for. */
const aliasesMax = 100;

/** Text from bytes: at most `jobLimits.specBytes`, and valid UTF-8. */
export function decodeSource(bytes: Uint8Array, name: string): Result<string> {
  if (bytes.length > jobLimits.specBytes) return tooLarge(name, bytes.length, jobLimits.specBytes);
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    const offset = firstInvalidByte(bytes);
    const line = countLines(bytes.subarray(0, offset));
    return refuse(name, [
      { field: "", message: `invalid UTF-8 at byte ${offset}; save the file as UTF-8`, line },
    ]);
  }
}

export function parseSource(text: string, name: string): Result<Source> {
  const bytes = text.length > jobLimits.specBytes ? text.length : utf8Length(text);
  if (bytes > jobLimits.specBytes) return tooLarge(name, bytes, jobLimits.specBytes);
  if (/^\s*\{/.test(text)) {
    const json = readJson(text);
    // Braces also open YAML's flow style, so what is no JSON gets a second chance as YAML.
    if (json !== null) {
      if (json.violations.length > 0) return refuse(name, json.violations);
      return ok({ name, data: json.data, lineOf: json.lineOf });
    }
  }
  if (bytes > yamlBytesMax) {
    const message = `YAML of ${bytes} bytes is past the limit of ${yamlBytesMax}; JSON is read up to ${jobLimits.specBytes}`;
    return refuse(name, [{ field: "", message, limit: yamlBytesMax }], "limit_exceeded");
  }
  try {
    return parseYaml(text, name);
  } catch (error) {
    // The reader recurses, and is not ours: whatever it throws is the input's doing.
    const reason = error instanceof RangeError ? "nested too deeply" : String(error);
    return refuse(name, [{ field: "", message: `cannot be read as YAML: ${reason}`, line: 1 }]);
  }
}

function parseYaml(text: string, name: string): Result<Source> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: "silent",
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  if (document.errors.length > 0) {
    return refuse(
      name,
      document.errors.slice(0, violationsMax).map((error) => ({
        field: "",
        message: firstLine(error.message),
        line: lineAt(error.pos[0]),
      })),
    );
  }
  const violations = checkNodes(document.contents, lineAt);
  if (violations.length > 0) return refuse(name, violations);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const message = error.message.startsWith("Excessive alias")
      ? `aliases expand to more than ${aliasesMax} times their anchors: refused as an alias bomb`
      : firstLine(error.message);
    return refuse(name, [{ field: "", message, line: 1, limit: aliasesMax }]);
  }
  return ok({ name, data, lineOf: (path) => lineAt(offsetOf(document.contents, path)) });
}

interface Check {
  readonly found: Violation[];
  readonly lineAt: (offset: number) => number;
}

/** Keys must be plain and harmless, nesting bounded. Aliases are leaves here. */
function checkNodes(root: Node | null, lineAt: (offset: number) => number): readonly Violation[] {
  const check: Check = { found: [], lineAt };
  checkNode(root, "", 0, check);
  return check.found;
}

function checkNode(node: unknown, path: string, depth: number, check: Check): void {
  if (check.found.length >= violationsMax) return;
  if (depth > depthMax) {
    const line = check.lineAt(startOf(node));
    const message = `nested more than ${depthMax} deep`;
    check.found.push({ field: path, message, line, limit: depthMax });
  } else if (isSeq(node)) {
    for (const [i, item] of node.items.entries())
      checkNode(item, `${path}[${i}]`, depth + 1, check);
  } else if (isMap(node)) {
    for (const pair of node.items) checkPair(pair.key, pair.value, path, depth, check);
  }
}

function checkPair(node: unknown, value: unknown, path: string, depth: number, check: Check): void {
  const key = isScalar(node) ? String(node.value) : null;
  const field = key === null ? path : joinField(path, key);
  const message = keyProblem(key);
  if (message === null) checkNode(value, field, depth + 1, check);
  else check.found.push({ field, message, line: check.lineAt(startOf(node)) });
}

function keyProblem(key: string | null): string | null {
  if (key === null) return "a key must be a plain name, not a list, map or alias";
  if (isForbiddenKey(key)) return forbiddenKeyMessage(key);
  return key === "<<"
    ? "merge keys (`<<`) are not read; use `defaults`, or an alias for a whole value"
    : null;
}

/** Offset of the key at the path's end (its line is where a reader looks), else of what is nearest. */
function offsetOf(root: Node | null, path: Path): number {
  let node: unknown = root;
  let offset = startOf(root);
  for (const step of path) {
    if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) return offset;
      offset = startOf(node);
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step);
      if (pair === undefined) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0] ?? 0;
  return 0;
}

/** The error of a source: the first violation is in the message, for logs and one-line views. */
export function sourceError(
  name: string,
  violations: readonly Violation[],
  code: AlmanacError["code"] = "invalid_argument",
): AlmanacError {
  const first = violations[0];
  const place = first?.line === undefined ? name : `${name}:${first.line}`;
  const field = first === undefined || first.field === "" ? "" : `${first.field}: `;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  return { code, message: `${place}: ${field}${first?.message ?? "refused"}${more}`, violations };
}

function refuse(
  name: string,
  violations: readonly Violation[],
  code: AlmanacError["code"] = "invalid_argument",
): { readonly ok: false; readonly error: AlmanacError } {
  return { ok: false, error: sourceError(name, violations, code) };
}

export function tooLarge(name: string, bytes: number, limit: number): ReturnType<typeof fail> {
  const message = `${bytes} bytes are past the limit of ${limit}`;
  return fail("limit_exceeded", `${name}: ${message}`, [{ field: "", message, limit }]);
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;

function countLines(bytes: Uint8Array): number {
  let lines = 1;
  for (const byte of bytes) if (byte === 10) lines++;
  return lines;
}

/** Bisects for the longest valid prefix: decoding with `stream` accepts a cut character at its end. */
function firstInvalidByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

function isValidPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
