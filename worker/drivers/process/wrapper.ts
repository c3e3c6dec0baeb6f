/**
 * A few lines of shell stand between fork and execve. They put the attempt into its control groups
 * before its first instruction, and they wait at a gate (descriptor 3) until the supervisor has
 * recorded the pid: if it dies before, the gate closes and the program never runs. Arguments pass
 * through `"$@"` untouched. Dumps of core are off: they would fill the disk, and hold secrets.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * `$0` names a file that comes to be only if the program does not: codes of 125 to 127 alone could
 * be its own.
 */
const script = `trap 'echo failed >"$0"' EXIT
echo 500 2>/dev/null >/proc/self/oom_score_adj
ulimit -c 0
until [ "$1" = -- ]; do echo $$ >"$1" || exit 126; shift; done; shift
read -r ALMANAC_GATE <&3 || exit 125
exec 3<&-
[ -z "$BASH_VERSION" ] || shopt -s execfail 2>/dev/null
exec "$@"
exit 126`;

export const wrapperShell = "/bin/sh";

export interface WrappedCommand {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export function wrapCommand(
  directory: string,
  joinFiles: readonly string[],
  /** Programs that take limits on and execute the next (privileges.ts). */
  prefix: readonly string[],
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): WrappedCommand {
  const { plain, odd } = splitEnvironment(environment);
  const inner = [...prefix, ...(odd.length === 0 ? [] : ["/usr/bin/env", ...odd]), ...argv];
  return {
    argv: ["-c", script, failureFile(directory), ...joinFiles, "--", ...inner],
    environment: plain,
  };
}

/** Shells drop variables whose names they could not assign (`my.option`); env(1) sets those. */
function splitEnvironment(environment: Readonly<Record<string, string>>): {
  plain: Record<string, string>;
  odd: string[];
} {
  const plain: Record<string, string> = {};
  const odd: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) plain[name] = value;
    else odd.push(`${name}=${value}`);
  }
  return { plain, odd };
}

/** What kept the program from running; null: it ran. `stderr` holds the shell's own words. */
export function executionFailure(directory: string, exitCode: number | null): string | null {
  if (exitCode === 125 || exitCode === 126 || exitCode === 127) {
    if (existsSync(failureFile(directory))) return lastLine(join(directory, stderrFirst));
  }
  if (exitCode === 1 || exitCode === 126 || exitCode === 127) {
    const match = failedPrefix.exec(onlyLine(join(directory, stderrFirst)));
    if (match !== null) return wordsOf(match[1] ?? "", match[2] ?? "");
  }
  return null;
}

/**
 * The programs before the program have no other way to say that they failed. A program that
 * pretends to be one of them deceives only about itself.
 */
const failedPrefix =
  /^(?:setpriv|prlimit): (?:failed to execute )?(\/[^\n]*|failed to set the \w+ resource limit|\w+ failed): ([^:\n]*)$/;
/** A limit past the worker's own is named as the task knows it. */
function wordsOf(what: string, why: string): string {
  const setting = limitSettings[/the (\w+) resource limit/.exec(what)?.[1] ?? ""];
  const words = `${what}: ${failureWords[why] ?? why}`;
  return setting === undefined ? words : `process.${setting}: ${words}`;
}

const limitSettings: Readonly<Record<string, string>> = {
  NOFILE: "openFiles",
  FSIZE: "fileSize",
  NPROC: "processes",
};
const failureWords: Readonly<Record<string, string>> = {
  "No such file or directory": "not found",
  "Permission denied": "no permission",
};

const stderrFirst = `stderr.${"0".repeat(15)}`;
const failureFile = (directory: string): string => join(directory, "exec-failed");

/** Empty if there is more than one, as from a program that has run. */
function onlyLine(path: string): string {
  try {
    if (statSync(path).size > 4_096) return "";
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines.length === 1 ? (lines[0] ?? "") : "";
  } catch {
    return "";
  }
}

function lastLine(path: string): string {
  try {
    const line = readFileSync(path, "utf8").trim().split("\n").at(-1) ?? "";
    // `<failure file>: 7: exec: /path: not found`
    return line.replace(/^.*exec-failed: (line )?\d+: (exec: )?/, "").slice(0, 1024);
  } catch {
    return "the program could not be executed";
  }
}
