/**
 * Settings from flags, environment, file and defaults, in that order of precedence. Every wrong
 * value is reported with where it came from. See settings.ts for the table, config-schema.ts for
 * meanings and defaults.
 */
import { fail, ok, type Result, type Violation } from "../core/result.js";
import { quote } from "../core/violations.js";
import { type Config, configSchema } from "./config-schema.js";
import { violationsOf } from "./issues.js";
import { isForbiddenKey, type Path } from "./path.js";
import { configSections, optionKey, type Setting, settings } from "./settings.js";
import { parseSource, type Source } from "./source.js";
import { didYouMean } from "./suggest.js";

export type { Config, ExpectedWorker } from "./config-schema.js";
export { type Setting, settings } from "./settings.js";

export interface ConfigInputs {
  /** By path (`master.listen`) → text as given. See flagsFromOptions. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text of almanac.yaml; absent: there is none. */
  readonly fileText?: string | null;
  readonly fileName?: string;
}

/** What commander parsed → flags by path. Long names hold everywhere, short ones for `section`. */
export function flagsFromOptions(
  options: Readonly<Record<string, unknown>>,
  section: string | null,
): Readonly<Record<string, string>> {
  const flags: Record<string, string> = {};
  for (const setting of settings) {
    const short = setting.section === section ? options[optionKey(setting.shortFlag)] : undefined;
    const value = options[optionKey(setting.flag)] ?? short;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      flags[setting.path] = String(value);
    }
  }
  return flags;
}

type Tree = { [key: string]: unknown };

export function loadConfig(inputs: ConfigInputs): Result<Config> {
  const source = readFile(inputs);
  if (!source.ok) return source;
  const tree = asTree(source.value?.data);
  if (tree === null) {
    const message = "must be a map of sections like master and worker";
    return fail("invalid_argument", `${fileName(inputs)}: ${message}`, [
      { field: "", message, line: 1 },
    ]);
  }
  const violations: Violation[] = [];
  const origins = new Map<string, string>();
  for (const setting of settings) {
    const given = givenFor(setting, inputs);
    if (given === null) continue;
    origins.set(setting.path, given.origin);
    const value = readText(setting, given.text);
    if (value.ok) place(tree, setting.path.split("."), value.value);
    else violations.push({ field: setting.path, message: `${value.error} (from ${given.origin})` });
  }
  violations.push(...unknownVariables(inputs.env ?? {}));
  const parsed = configSchema.safeParse(tree, { reportInput: true });
  if (!parsed.success) {
    const lineOf = (path: Path): number => source.value?.lineOf(path) ?? 0;
    for (const violation of violationsOf(parsed.error.issues, { name: "", data: tree, lineOf })) {
      violations.push(withOrigin(violation, origins, source.value !== null));
    }
  }
  if (!parsed.success || violations.length > 0) {
    const first = violations[0];
    const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
    const message = `configuration: ${first?.field ?? ""}: ${first?.message ?? "refused"}${more}`;
    return fail("invalid_argument", message, violations);
  }
  return ok(withHome(parsed.data, inputs.env?.HOME ?? "."));
}

const fileName = (inputs: ConfigInputs): string => inputs.fileName ?? "almanac.yaml";

function readFile(inputs: ConfigInputs): Result<Source | null> {
  const text = inputs.fileText ?? null;
  return text === null ? ok(null) : parseSource(text, fileName(inputs));
}

function asTree(data: unknown): Tree | null {
  if (data === undefined || data === null) return {};
  return isTree(data) ? data : null;
}

const isTree = (data: unknown): data is Tree =>
  typeof data === "object" && data !== null && !Array.isArray(data);

function givenFor(
  setting: Setting,
  inputs: ConfigInputs,
): { readonly text: string; readonly origin: string } | null {
  const flag = inputs.flags?.[setting.path];
  if (flag !== undefined) return { text: flag, origin: setting.flag };
  const variable = inputs.env?.[setting.env];
  // An empty variable is how shells and units say "not set".
  if (variable !== undefined && variable !== "") return { text: variable, origin: setting.env };
  return null;
}

type Read =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

function readText(setting: Setting, text: string): Read {
  if (text === "null") return { ok: true, value: null };
  switch (setting.kind) {
    case "text":
      return { ok: true, value: text };
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text))
        ? { ok: true, value: Number(text) }
        : { ok: false, error: `must be a number, not ${quote(text)}` };
    case "boolean":
      if (text === "true" || text === "1") return { ok: true, value: true };
      if (text === "false" || text === "0") return { ok: true, value: false };
      return { ok: false, error: `must be true or false, not ${quote(text)}` };
    case "yaml":
      return readMap(text);
  }
}

/** `{zone: eu}`, or the shorter `zone=eu,disk=ssd`. */
function readMap(text: string): Read {
  if (/^[\w.-]+=/.test(text)) {
    const entries = text.split(",").map((part) => part.trim().split("="));
    if (entries.every((entry) => entry.length === 2 && !isForbiddenKey(entry[0] ?? ""))) {
      // Amounts are numbers, labels accept them: both sides read a number where one is written.
      const value = entries.map(([key = "", raw = ""]) => [
        key,
        /^\d+$/.test(raw) ? Number(raw) : raw,
      ]);
      return { ok: true, value: Object.fromEntries(value) };
    }
  }
  const source = parseSource(text, "value");
  if (source.ok) return { ok: true, value: source.value.data };
  return { ok: false, error: `must be YAML like {zone: eu}, or zone=eu; ${source.error.message}` };
}

function place(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const step of path.slice(0, -1)) {
    const next = node[step];
    // A section of the file that is no map is reported by the schema when nothing is laid over it.
    const branch: Tree = isTree(next) ? next : {};
    node[step] = branch;
    node = branch;
  }
  const last = path[path.length - 1];
  if (last !== undefined) node[last] = value;
}

function withOrigin(
  violation: Violation,
  origins: ReadonlyMap<string, string>,
  hasFile: boolean,
): Violation {
  for (const [path, origin] of origins) {
    if (violation.field === path || violation.field.startsWith(`${path}.`)) {
      const { line: _, ...rest } = violation;
      return { ...rest, message: `${violation.message} (from ${origin})` };
    }
  }
  if (hasFile) return violation;
  const { line: _, ...rest } = violation;
  return rest;
}

/** A misspelt variable would silently leave the default in force. */
function unknownVariables(env: Readonly<Record<string, string | undefined>>): readonly Violation[] {
  const known = new Set(settings.map((setting) => setting.env));
  const prefixes = configSections.map((section) => `ALMANAC_${section.toUpperCase()}_`);
  return Object.keys(env)
    .filter((name) => !known.has(name) && prefixes.some((prefix) => name.startsWith(prefix)))
    .map((name) => ({
      field: name,
      message: `no setting has the environment variable ${quote(name)}${didYouMean(name, known)}`,
    }));
}

function withHome(config: Config, home: string): Config {
  const expand = (path: string): string =>
    path.startsWith("~/") ? `${home}${path.slice(1)}` : path;
  const { worker } = config;
  const { images, disks, qemu } = worker.kvm;
  return {
    ...config,
    master: { ...config.master, dataDirectory: expand(config.master.dataDirectory) },
    planner: { ...config.planner, dataDirectory: expand(config.planner.dataDirectory) },
    worker: {
      ...worker,
      dataDirectory: expand(worker.dataDirectory),
      kvm: {
        ...worker.kvm,
        images: images === null ? null : expand(images),
        disks: disks === null ? null : expand(disks),
        qemu: expand(qemu),
      },
    },
    cli: { ...config.cli, credentials: expand(config.cli.credentials) },
  };
}
