import { readFileSync } from "node:fs";
import { CommanderError } from "@commander-js/extra-typings";
import { describe, expect, it } from "vitest";
import { createProgram } from "./program.js";
import { isHidden } from "./testing/hidden.js";

const installation = { entry: "main.js", distribution: "dist", root: "." };
const guide = readFileSync(new URL("../docs/cli.md", import.meta.url), "utf8");

/** Parses without ever running a command. */
async function usageError(...args: string[]): Promise<CommanderError> {
  const program = createProgram(installation, true);
  const thrown = await program.parseAsync(args, { from: "user" }).then(
    () => new Error("was accepted"),
    (error: unknown) => error,
  );
  if (thrown instanceof CommanderError) return thrown;
  throw thrown;
}

describe("the guide to the command line", () => {
  const names = createProgram(installation)
    .commands.filter((command) => !isHidden(command))
    .map((command) => command.name());

  it.each(names)("explains `almanac %s`, with an example to paste", (name) => {
    const section = guide.split(`### almanac ${name}\n`)[1]?.split("\n### ")[0] ?? "";
    expect(section).toContain("```sh");
    expect(section).toContain(`almanac ${name}`);
  });

  it("shows every command that stands below another", () => {
    const groups = createProgram(installation).commands.filter(
      ({ commands }) => commands.length > 0,
    );
    const paths = groups.flatMap((group) =>
      group.commands.map((command) => `almanac ${group.name()} ${command.name()}`),
    );
    expect(paths).toContain("almanac worker drain");
    for (const path of paths) expect(guide).toContain(path);
  });

  it("names no command and no option that does not exist", () => {
    const program = createProgram(installation);
    const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
    const calls = blocks
      .flatMap((block) => block.split("\n"))
      .flatMap((line) => [...line.matchAll(/\balmanac ([a-z]+)((?: [^|)#]*)?)/g)]);
    expect(calls.length).toBeGreaterThan(20);
    for (const [line, name = "", rest = ""] of calls) {
      const command = program.commands.find((each) => each.name() === name);
      expect(command, line).toBeDefined();
      const word = /^ ([a-z]+)/.exec(rest)?.[1];
      const below = command?.commands.find((each) => each.name() === word);
      const options = [command, below].flatMap((each) => each?.options ?? []);
      const known = [...options, ...program.options].map(({ long }) => long);
      const flags = [...(rest.split(" -- ")[0] ?? "").matchAll(/(?<= )--[a-z-]+/g)];
      for (const [flag] of flags) expect(known, line).toContain(flag);
    }
  });
});

describe("usage errors", () => {
  it("suggest the command that was meant", async () => {
    const error = await usageError("statsu");
    expect(error.code).toBe("commander.unknownCommand");
    expect(error.message).toContain("Did you mean status?");
  });

  it("say which value an option takes", async () => {
    expect((await usageError("wait", "--timeout", "soon")).message).toContain("like 90s");
    expect((await usageError("list", "--state", "happy")).message).toContain("succeeded");
    expect((await usageError("submit")).message).toContain("file");
  });

  it("are made of unknown options before the command's own are passed on", async () => {
    expect((await usageError("run", "--cpus", "2", "--", "true")).message).toContain("--cpu");
  });
});
