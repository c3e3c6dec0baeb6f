/**
 * What an attempt adds to its guest's first file system: the launcher that the guest's init starts
 * (deploy/guest/init), and marks for what init is to prepare.
 */
import type { MachineNetwork } from "../../../core/drivers.js";
import type { Program } from "../../../core/job.js";
import { type Result, unreachable } from "../../../core/result.js";
import type { DriverStart } from "../../driver.js";
import { buildEnvironment, directoryVariable } from "../process/environment.js";
import { type ArchiveFile, archive } from "./cpio.js";

/** The kernel takes at most 128 KiB in one argument; a longer script goes through a file. */
const scriptArgumentBytesMax = 96 * 1024;
const guestDirectory = "/attempt";
const workDirectory = "/work";

export function attemptArchive(
  start: DriverStart,
  network: MachineNetwork,
): Result<Buffer, string> {
  const { program, workingDirectory, stdin } = start.command;
  if (workingDirectory !== null && !workingDirectory.startsWith("/")) {
    return no(`working directory ${workingDirectory}: not an absolute path`);
  }
  const argv = argumentsOf(program);
  if (argv[0] === undefined || argv[0] === "") return no("program: the argument vector is empty");
  const directory = workingDirectory ?? workDirectory;
  const environment = guestEnvironment(start, directory);
  if ([...argv, ...environment, directory].some((text) => text.includes("\0"))) {
    return no("program: an argument or a variable holds a NUL byte");
  }
  const files: ArchiveFile[] = [
    { path: "attempt", mode: 0o040755, data: Buffer.alloc(0) },
    file("attempt/launch", 0o755, launcher(directory, environment, argv)),
  ];
  if (program.kind === "script") files.push(file("attempt/script", 0o644, program.script));
  if (stdin !== null) files.push(file("attempt/stdin", 0o644, ""));
  if (network !== "none") files.push(file("attempt/network", 0o644, network));
  return { ok: true, value: archive(files) };
}

const file = (path: string, mode: number, text: string): ArchiveFile => ({
  path,
  mode: 0o100000 | mode,
  data: Buffer.from(text),
});

function argumentsOf(program: Program): readonly string[] {
  switch (program.kind) {
    case "argv":
      return program.argv;
    case "script": {
      const fits = Buffer.byteLength(program.script) <= scriptArgumentBytesMax;
      return fits
        ? [...program.shell, "-c", program.script]
        : [...program.shell, `${guestDirectory}/script`];
    }
    default:
      return unreachable(program);
  }
}

/** As processes have it, but for the places, which are the guest's own. */
function guestEnvironment(start: DriverStart, directory: string): string[] {
  const environment = {
    ...buildEnvironment(start, directory, "/root"),
    [directoryVariable]: guestDirectory,
  };
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

/**
 * Runs as the leader of a session of its own, with its output in pipes. What it cannot start goes
 * into /run/failed, so that no exit code has to stand for it.
 */
function launcher(
  directory: string,
  environment: readonly string[],
  argv: readonly string[],
): string {
  const path = environment.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
  return `#!/bin/sh
exec 9>&-
fail() { echo "$*" >/run/failed; exit 125; }
echo $$ >/cgroup/task/cgroup.procs
echo 0 >/proc/self/oom_score_adj
echo $$ >/run/leader
directory=${quote(directory)}
cd "$directory" 2>/dev/null || fail "working directory $directory: not found or no permission"
set -f -- ${argv.map(quote).join(" ")}
path=${quote(path ?? "/bin")}
found=
case $1 in
*=*) fail "program $1: no machine runs a name with = in it" ;;
*/*) [ ! -f "$1" ] || found=$1 ;;
*)
  IFS=:
  for entry in $path; do
    [ -f "$entry/$1" ] && [ -x "$entry/$1" ] && found=$entry/$1 && break
  done
  unset IFS
  ;;
esac
[ -n "$found" ] || fail "program $1: not found"
[ -x "$found" ] || fail "program $1: no permission"
shift
exec env -i ${environment.map(quote).join(" ")} "$found" "$@"
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});
