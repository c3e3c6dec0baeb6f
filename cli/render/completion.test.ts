/** The bash script is run by bash; the others are read. */
import { execFileSync } from "node:child_process";
import { Argument, Command, Option } from "commander";
import { describe, expect, it } from "vitest";
import { completionScript, shells } from "./completion.js";

function program(): Command {
  const almanac = new Command("almanac").description("plans and runs jobs");
  almanac.option("--json", "answer as JSON");
  almanac.addOption(
    new Option("--log-level <level>", "how much to say").choices(["debug", "info"]),
  );
  almanac.addOption(new Option("--secret").hideHelp());
  almanac.command("submit").argument("<file>", "job file").option("-w, --wait", "wait for the end");
  almanac.command("status").alias("st").argument("<job>").description("it's how a job stands");
  almanac
    .command("completion")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]));
  const worker = almanac.command("worker");
  worker.command("list").option("-q, --quiet", "names only");
  worker.command("drain").argument("<workers...>");
  return almanac;
}

const sources = { job: "list --quiet" };

/** What bash offers at the end of a line, with a program that lists two jobs. */
function completeInBash(line: string): string[] {
  const words = line.split(" ");
  const script = `
almanac() { [[ "$*" == "list --quiet" ]] && printf 'j-1\\nj-2\\n'; }
${completionScript("bash", program(), sources)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_almanac 2>&1
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync("bash", ["--noprofile", "--norc", "-c", script], {
    encoding: "utf8",
  });
  return output.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  it.each([
    ["almanac ", ["submit", "status", "st", "completion", "worker"]],
    ["almanac s", ["submit", "status", "st"]],
    ["almanac --", ["--json", "--log-level", "--help"]],
    ["almanac --log-level ", ["debug", "info"]],
    ["almanac --log-level debug worker l", ["list"]],
    ["almanac worker ", ["list", "drain"]],
    ["almanac worker list --q", ["--quiet"]],
    ["almanac st ", ["j-1", "j-2"]],
    ["almanac status j-2", ["j-2"]],
    ["almanac status j-2 ", []],
    ["almanac completion ", ["bash", "zsh", "fish"]],
    ["almanac submit --w", ["--wait"]],
    ["almanac submit --json --w", ["--wait"]],
  ])("%j offers %j", (line, expected) => {
    expect(completeInBash(line)).toEqual(expected);
  });
});

describe("completion scripts", () => {
  it.each(shells)("for %s are made of the program itself", async (shell) => {
    const script = completionScript(shell, program(), sources);
    expect(script).not.toContain("--secret");
    await expect(script).toMatchFileSnapshot(`golden/completion.${shell}`);
  });
});
