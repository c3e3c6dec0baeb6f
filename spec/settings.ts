/** The table of all settings, derived from the schema: one row each, for every way to give it. */
import { z } from "zod";
import { configSchema } from "./config-schema.js";

export interface Setting {
  /** `master.listen`, `worker.offer.cpu`: its place in the config file. */
  readonly path: string;
  readonly section: string;
  /** `ALMANAC_MASTER_LISTEN` */
  readonly env: string;
  /** `--master-listen`, understood by every command. */
  readonly flag: string;
  /** `--listen`: understood by the command of the setting's own part. */
  readonly shortFlag: string;
  /** How a text from a flag or the environment is read; `yaml` for lists and maps. */
  readonly kind: "text" | "number" | "boolean" | "yaml";
  readonly defaultText: string;
  readonly description: string;
}

type Schema = z.core.JSONSchema.BaseSchema;

export const settings: readonly Setting[] = rows([], z.toJSONSchema(configSchema, { io: "input" }));

export const configSections: readonly string[] = [
  ...new Set(settings.map((setting) => setting.section)),
];

function rows(path: readonly string[], schema: Schema): readonly Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]): readonly Setting[] => {
    if (typeof property === "boolean") return [];
    const here = [...path, key];
    return property.properties !== undefined ? rows(here, property) : [row(here, property)];
  });
}

function row(path: readonly string[], schema: Schema): Setting {
  const [section = "", ...rest] = path;
  // `offer` only groups: `--cpu` of a worker is what it offers.
  const short = rest.filter((step) => step !== "offer");
  return {
    path: path.join("."),
    section,
    env: `ALMANAC_${path.map((step) => words(step, "_").toUpperCase()).join("_")}`,
    flag: `--${path.map((step) => words(step, "-")).join("-")}`,
    shortFlag: `--${short.map((step) => words(step, "-")).join("-")}`,
    kind: kindOf(schema),
    defaultText: JSON.stringify(schema.default),
    description: schema.description ?? "",
  };
}

function kindOf(schema: Schema): Setting["kind"] {
  const types = new Set(
    [schema, ...(schema.anyOf ?? [])].flatMap((one) => (typeof one === "boolean" ? [] : one.type)),
  );
  if (types.has("object") || types.has("array")) return "yaml";
  if (types.has("string")) return "text";
  if (types.has("boolean")) return "boolean";
  return types.has("number") || types.has("integer") ? "number" : "text";
}

function words(camel: string, joiner: string): string {
  return camel.replace(/[A-Z]/g, (letter) => joiner + letter.toLowerCase());
}

/** The key under which commander hands out a flag: `--master-listen` → `masterListen`. */
export const optionKey = (flag: string): string =>
  flag.replace(/^--/, "").replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
