/**
 * The root command with what every command understands. Options of the root are recognised before
 * and after a command's name, so `almanac list --json` and `almanac --json list` are the same.
 */
import { Command, Option } from "@commander-js/extra-typings";
import packageFile from "../package.json" with { type: "json" };
import { type Setting, settings } from "../spec/config.js";

export function createRoot({ json = false }: { readonly json?: boolean } = {}) {
  const root = new Command("almanac")
    .description("The cluster scheduler that knows when.")
    .version(packageFile.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .option("--json", "print results as JSON, for programs")
    .option("-q, --quiet", "print ids only, and no hints")
    .option("--master <address>", "the master to speak to (default: 127.0.0.1:7070)")
    .option("--config <file>", "settings file (default: ./almanac.yaml, where it exists)")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError(true)
    .exitOverride();
  // With --json a usage error is a document too; main.ts prints it.
  if (json) root.configureOutput({ outputError: () => undefined });
  // Every setting is understood by every command under its full name; help shows those that matter
  // to a command under their short names, and docs/configuration.md lists all.
  for (const setting of settings) root.addOption(settingOption(setting.flag, setting).hideHelp());
  return root;
}

export type Program = ReturnType<typeof createRoot>;

/** A command that has others below it. */
export const addGroup = (program: Program, name: string) => program.command(name);
export type Group = ReturnType<typeof addGroup>;

/** What the entry knows of itself. */
export interface Installation {
  /** `dist/cli/main.js`, to start further processes with. */
  readonly entry: string;
  /** `dist`, where the entries of threads and of the supervisor lie. */
  readonly distribution: string;
  /** Where examples/ lies, and .almanac/ may be made. */
  readonly root: string;
}

/** What a worker needs of the installation; the standalone executable has it in itself. */
export interface WorkerInstallation {
  /** Arguments by which this executable becomes a supervisor. */
  readonly supervisorEntry: readonly string[];
  /** Files that must be there. */
  readonly needed: readonly string[];
}

/** Short names of the settings of one part, for the command that starts it. */
export function shortSettingOptions(section: string): Option[] {
  return settings
    .filter((setting) => setting.section === section && !globalFlags.has(setting.shortFlag))
    .map((setting) => settingOption(setting.shortFlag, setting));
}

const globalFlags: ReadonlySet<string> = new Set(["--master", "--json", "--config", "--quiet"]);

function settingOption(flag: string, { kind, description, defaultText }: Setting): Option {
  // A flag of its own means true; a value may say false.
  const value = kind === "boolean" ? "[true|false]" : "<value>";
  return new Option(`${flag} ${value}`, `${description} Default: ${defaultText}`);
}
