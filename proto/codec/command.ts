/** What an attempt runs. Job files and launches carry the same message. */
import type { Command, Program } from "../../core/job.js";
import type * as wire from "../gen/almanac/v1/job.js";
import type { Scope } from "./decoding.js";
import { entriesOf, identifier, note, textRecord } from "./decoding.js";
import { decodeOptions, encodeOptions } from "./driver-options.js";

export function encodeCommand(command: Command): wire.Command {
  return {
    program: encodeProgram(command.program),
    env: entriesOf(command.env),
    workingDirectory: command.workingDirectory ?? undefined,
    stdin: command.stdin ?? undefined,
    options: encodeOptions(command.options),
  };
}

export function decodeCommand(scope: Scope, message: wire.Command): Command {
  return {
    program: decodeProgram(scope, message.program),
    env: decodeEnv(scope, "env", message.env),
    workingDirectory: decodeText(scope, "workingDirectory", message.workingDirectory ?? null),
    // Standard input is data: it may hold any character.
    stdin: message.stdin ?? null,
    options: decodeOptions(scope, message.options),
  };
}

function encodeProgram(program: Program): NonNullable<wire.Command["program"]> {
  return program.kind === "argv"
    ? { $case: "argv", value: { values: [...program.argv] } }
    : { $case: "script", value: { shell: [...program.shell], text: program.script } };
}

function decodeProgram(scope: Scope, program: wire.Command["program"]): Program {
  switch (program?.$case) {
    case "argv":
      return { kind: "argv", argv: decodeArgv(scope, "argv", program.value.values) };
    case "script":
      return {
        kind: "script",
        shell: decodeArgv(scope, "shell", program.value.shell),
        script: decodeText(scope, "script", program.value.text),
      };
    case undefined:
      note(scope, "program", "is missing: an argv or a script");
      return { kind: "argv", argv: [] };
  }
}

function decodeArgv(scope: Scope, name: string, values: readonly string[]): readonly string[] {
  const [program] = values;
  if (program === undefined) note(scope, name, "must name a program");
  else if (program === "") identifier(scope, `${name}[0]`, program);
  for (const [index, value] of values.entries()) decodeText(scope, `${name}[${index}]`, value);
  return values;
}

/** Names may not hold `=`, nor names and values a NUL: the operating system ends them there. */
export function decodeEnv(
  scope: Scope,
  name: string,
  entries: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  for (const [key, value] of entries) {
    if (key.includes("=")) note(scope, `${name}.${key}`, "must not hold `=` in its name");
    decodeText(scope, `${name}.${key}`, key);
    decodeText(scope, `${name}.${key}`, value);
  }
  return textRecord(scope, name, entries);
}

function decodeText<T extends string | null>(scope: Scope, name: string, value: T): T {
  if (value?.includes("\0") === true) note(scope, name, "must not hold a NUL character");
  return value;
}
