/**
 * A few lines of shell stand between fork and execve. They put the attempt into its control groups
 * before its first instruction, and they wait at a gate (descriptor 3) until the supervisor has
 * recorded the pid: if it dies before, the gate closes and the program never runs. Arguments pass
 * through `"$@"` untouched.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * `$0` names a file that comes to be only if the program does not: codes of 125 to 127 alone could
 * be its own.
 */
const script = `trap 'echo failed >"$0"' EXIT
echo 500 2>/dev/null >/proc/self/oom_score_adj
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
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): WrappedCommand {
  const { plain, odd } = splitEnvironment(environment);
  const inner = odd.length === 0 ? argv : ["/usr/bin/env", ...odd, ...argv];
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
  return null;
}

const stderrFirst = `stderr.${"0".repeat(15)}`;
const failureFile = (directory: string): string => join(directory, "exec-failed");

function lastLine(path: string): string {
  try {
    const line = readFileSync(path, "utf8").trim().split("\n").at(-1) ?? "";
    // `<failure file>: 7: exec: /path: not found`
    return line.replace(/^.*exec-failed: (line )?\d+: (exec: )?/, "").slice(0, 1024);
  } catch {
    return "the program could not be executed";
  }
}
