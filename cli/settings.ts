/** Settings from flags, environment, file and defaults, and which of them said what. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Config, flagsFromOptions, loadConfig, settings } from "../spec/config.js";
import { parseSource } from "../spec/source.js";
import type { KvmSettings } from "../worker/drivers/kvm/settings.js";
import { failure, messageOf, unwrap } from "./failure.js";

export type Options = Readonly<Record<string, unknown>>;

export interface EffectiveSetting {
  readonly path: string;
  readonly value: unknown;
  /** `flag`, an environment variable's name, a file's name, or `default`. */
  readonly source: string;
  readonly description: string;
}

/** `sections`: the parts whose settings the command also takes under their short names. */
export function configOf(options: Options, ...sections: readonly string[]): Config {
  const file = readConfigFile(options);
  return unwrap(
    loadConfig({
      flags: Object.assign({}, ...sections.map((section) => flagsFromOptions(options, section))),
      env: process.env,
      fileText: file?.text ?? null,
      ...(file === null ? {} : { fileName: file.name }),
    }),
  );
}

/** null: this worker runs no machines. The supervisor works elsewhere, so paths are made whole. */
export function kvmSettings(kvm: Config["worker"]["kvm"]): KvmSettings | null {
  const { images, qemu, disks } = kvm;
  if (images === null) return null;
  return {
    ...kvm,
    images: resolve(images),
    qemu: qemu.includes("/") ? resolve(qemu) : qemu,
    disks: disks === null ? null : resolve(disks),
  };
}

export function effectiveSettings(options: Options): readonly EffectiveSetting[] {
  const config = configOf(options, "cli");
  const flags = flagsFromOptions(options, "cli");
  const file = readConfigFile(options);
  const tree = file === null ? null : unwrap(parseSource(file.text, file.name)).data;
  return settings.map(({ path, env, description }) => {
    const steps = path.split(".");
    const variable = process.env[env];
    const source =
      flags[path] !== undefined
        ? "flag"
        : variable !== undefined && variable !== ""
          ? env
          : file !== null && valueAt(tree, steps) !== undefined
            ? file.name
            : "default";
    return { path, value: valueAt(config, steps) ?? null, source, description };
  });
}

export const configFileName = (options: Options): string | null =>
  readConfigFile(options)?.name ?? null;

const usualFile = "almanac.yaml";

function readConfigFile(options: Options): { readonly name: string; readonly text: string } | null {
  const given = typeof options.config === "string" ? options.config : process.env.ALMANAC_CONFIG;
  const name = given === undefined || given === "" ? usualFile : given;
  if (name === usualFile && !existsSync(name)) return null;
  try {
    return { name, text: readFileSync(name, "utf8") };
  } catch (error) {
    throw failure("invalid_argument", `--config: ${messageOf(error)}`, [
      { field: "config", message: "must be a file that can be read" },
    ]);
  }
}

function valueAt(tree: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((node, step) => {
    if (typeof node !== "object" || node === null) return undefined;
    return Object.entries(node).find(([key]) => key === step)?.[1];
  }, tree);
}
