/** What a command line program can be asked, as plain data: read of commander, given to scripts. */

/** What is read of a commander program; `Command` of commander and of its typed twin both fit. */
export interface CompletableCommand {
  name(): string;
  aliases(): readonly string[];
  description(): string;
  readonly commands: readonly CompletableCommand[];
  readonly options: readonly {
    readonly short?: string | undefined;
    readonly long?: string | undefined;
    readonly description: string;
    readonly argChoices?: readonly string[] | undefined;
    readonly hidden: boolean;
    readonly required: boolean;
    readonly optional: boolean;
  }[];
  readonly registeredArguments: readonly {
    name(): string;
    readonly argChoices?: readonly string[] | undefined;
    readonly variadic: boolean;
  }[];
}

/** Command lines of the program that print one candidate per line, by the name of the argument. */
export type CompletionSources = Readonly<Record<string, string>>;

export interface OptionDescription {
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export interface ArgumentDescription {
  readonly choices: readonly string[];
  /** Command line that prints candidates; null: file names. */
  readonly source: string | null;
  readonly variadic: boolean;
}

export interface CommandDescription {
  /** Words after the program's name: [] for the program, ["worker", "list"]. */
  readonly path: readonly string[];
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly OptionDescription[];
  readonly args: readonly ArgumentDescription[];
  readonly commands: readonly CommandDescription[];
}

const help: OptionDescription = {
  flags: ["-h", "--help"],
  description: "show help",
  takesValue: false,
  choices: [],
};

export function describeCommand(
  command: CompletableCommand,
  path: readonly string[],
  sources: CompletionSources,
  inherited: readonly OptionDescription[] = [],
): CommandDescription {
  const own = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: firstLine(option.description),
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }));
  // Commander takes the options of a command also behind the commands below it.
  const options = [...own, ...inherited];
  return {
    path,
    names: path.length === 0 ? [] : [command.name(), ...command.aliases()],
    description: firstLine(command.description()),
    options: path.length === 0 ? [...options, help] : options,
    args: command.registeredArguments.map((argument) => ({
      choices: argument.argChoices ?? [],
      source: sources[argument.name()] ?? null,
      variadic: argument.variadic,
    })),
    commands: command.commands.map((child) =>
      describeCommand(
        child,
        [...path, child.name()],
        sources,
        path.length === 0 ? [...options, help] : options,
      ),
    ),
  };
}

/** The command, and all below it. */
export function* everyCommand(command: CommandDescription): Generator<CommandDescription> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** A word that every one of the three shells takes as it is. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

/** A name for the functions of the script. */
export const identifier = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, "_");
