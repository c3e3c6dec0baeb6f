/**
 * What an attempt gives its guest: the launcher that the guest's agent starts, and marks for what the
 * agent is to prepare. In an image of kernel and initramfs they lie behind the initramfs, for its
 * init (deploy/guest/init); in one with a disk, on the seed disk (guest-agent.ts).
 */
import type { TaskOutput } from "../../../core/data.js";
import type { KvmOptions } from "../../../core/drivers.js";
import type { Program } from "../../../core/job.js";
import { type Result, unreachable } from "../../../core/result.js";
import type { DriverStart } from "../../driver.js";
import { buildEnvironment, directoryVariable, secretsEnvironment } from "../process/environment.js";
import { seedDirectory, stateDirectory } from "./guest-agent.js";
import type { MachineImage } from "./images.js";
import { endOfOutputs } from "./receive.js";
import { blockBytes, portionBytes } from "./tar.js";

/** The kernel takes at most 128 KiB in one argument; a longer script goes through a file. */
const scriptArgumentBytesMax = 96 * 1024;
const workDirectory = "/work";

/** Where things are in the guest. */
interface Places {
  /** The files below. */
  readonly files: string;
  /** Where launcher and agent leave word for one another. */
  readonly state: string;
  /** The control group that is ended with the program. */
  readonly group: string;
}

const placesIn: Readonly<Record<MachineImage["kind"], Places>> = {
  initramfs: { files: "/attempt", state: "/run", group: "/cgroup/task" },
  disk: { files: seedDirectory, state: stateDirectory, group: `${stateDirectory}/cgroup/almanac` },
};

export interface GuestFile {
  readonly name: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/** Archives that the guest is given beside what its attempt says (tar.ts). */
export interface GuestArchives {
  /** How long the one of its inputs is, which comes through a port. */
  readonly inputPortions: number;
  /** Of its secret files; null: it has none. */
  readonly secrets: Buffer | null;
}

export function attemptFiles(
  start: DriverStart,
  kind: MachineImage["kind"],
  { image, network, disk }: KvmOptions,
  { inputPortions, secrets }: GuestArchives,
): Result<readonly GuestFile[], string> {
  const places = placesIn[kind];
  const { program, workingDirectory, stdin } = start.command;
  if (workingDirectory !== null && !workingDirectory.startsWith("/")) {
    return no(`working directory ${workingDirectory}: not an absolute path`);
  }
  const argv = argumentsOf(program, places);
  if (argv[0] === undefined || argv[0] === "") return no("program: the argument vector is empty");
  const directory = workingDirectory ?? workDirectory;
  const environment = guestEnvironment(start, directory, places);
  if ([...argv, ...environment, directory].some((text) => text.includes("\0"))) {
    return no("program: an argument or a variable holds a NUL byte");
  }
  const unpack = [
    ...(start.staged === true ? [unpackInputs(places, image, inputPortions)] : []),
    ...(secrets === null ? [] : [unpackSecrets(places)]),
  ].join("");
  const text = launcher(places, directory, environment, argv, unpack);
  const files: GuestFile[] = [{ name: "launch", content: Buffer.from(text), executable: true }];
  const add = (name: string, content: string | Buffer): void => {
    files.push({ name, content: Buffer.from(content), executable: false });
  };
  if (secrets !== null) add("secrets", secrets);
  if (program.kind === "script") add("script", program.script);
  // A known text of a mebibyte at most: as a file its end is certain, which a port's is not.
  if (stdin !== null) add("stdin", stdin);
  if (start.staged === true) add("files", "");
  const outputs = start.outputs ?? [];
  if (outputs.length > 0) add("outputs", packOutputs(places, outputs));
  if (network !== "none") add("network", network);
  if (disk !== null) add("disk", disk.writable ? "writable" : "readonly");
  return { ok: true, value: files };
}

function argumentsOf(program: Program, places: Places): readonly string[] {
  switch (program.kind) {
    case "argv":
      return program.argv;
    case "script": {
      const fits = Buffer.byteLength(program.script) <= scriptArgumentBytesMax;
      return fits
        ? [...program.shell, "-c", program.script]
        : [...program.shell, `${places.files}/script`];
    }
    default:
      return unreachable(program);
  }
}

/** As processes have it, but for the places, which are the guest's own. */
function guestEnvironment(start: DriverStart, directory: string, places: Places): string[] {
  const environment = {
    ...buildEnvironment(start, directory, "/root"),
    [directoryVariable]: places.files,
    ...secretsEnvironment(start, secretsIn(places)),
  };
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

/**
 * Runs as the leader of a session of its own, with its output in pipes. What it cannot start goes
 * into `failed`, so that no exit code has to stand for it.
 */
function launcher(
  { state, group }: Places,
  directory: string,
  environment: readonly string[],
  argv: readonly string[],
  unpack: string,
): string {
  const path = environment.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
  return `#!/bin/sh
exec 9>&-
fail() { echo "$*" >${state}/failed; exit 125; }
echo $$ >${group}/cgroup.procs
echo 0 >/proc/self/oom_score_adj
echo $$ >${state}/leader
${unpack}directory=${quote(directory)}
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

const secretsIn = ({ state }: Places): string => `${state}/secrets`;

/** Into the guest's memory, as its user alone may read them. */
const unpackSecrets = (places: Places): string => `(
  umask 077
  mkdir -p ${secretsIn(places)} &&
    tar -xf ${places.files}/secrets -C ${secretsIn(places)} &&
    find ${secretsIn(places)} -type f -exec chmod 0400 {} + &&
    find ${secretsIn(places)} -type d -exec chmod 0700 {} +
) || fail "the secret files cannot be unpacked in the machine: no tar, or no room"
`;

/** An image made before there were such ports has not been told where they are. */
const unpackInputs = ({ state }: Places, image: string, portions: number): string =>
  `[ -e ${state}/inputs ] || fail ${quote(`image ${image} is too old for inputs and outputs: deploy/guest/build-image.sh builds it anew`)}
dd if=${state}/inputs bs=${portionBytes} count=${portions} iflag=fullblock 2>/dev/null |
  tar -xf - -C ${workDirectory} || {
  # Where there is no room the word of it needs some as well.
  rm -rf ${workDirectory}/*
  fail "the inputs cannot be unpacked in the machine: no tar, or no room"
}
`;

/**
 * Sends what the outputs may mean: a pattern's steps are counted where it says how many there are, for
 * find's `*` takes slashes as well. What comes is matched anew. The last block is only there where all
 * went well; between the archives of many files are blocks of zeros.
 */
const packOutputs = ({ state }: Places, outputs: readonly TaskOutput[]): string => `#!/bin/sh
cd ${workDirectory} || exit
{
${outputs.map(({ path }) => findOf(path)).join(" &&\n")}
} >${state}/found || exit
sort -zu <${state}/found >${state}/sorted || exit
xargs -0 -r tar -cf - -- <${state}/sorted || exit
printf %-${blockBytes}s ${quote(endOfOutputs)}
`;

function findOf(pattern: string): string {
  const steps = (pattern.endsWith("/") ? `${pattern}**` : pattern)
    .replace(/^(\.\/)+/, "")
    .split("/");
  const fixed = steps.filter((step) => step !== "**").length;
  const isOpen = fixed < steps.length;
  const deepest = isOpen ? "" : ` -maxdepth ${fixed}`;
  const path = steps
    .map((step, at) => (step !== "**" && at < steps.length - 1 ? `${step}/` : step))
    .join("")
    .replaceAll(/[[\]\\]/g, "\\$&");
  return `find . -mindepth ${fixed}${deepest} -path ${quote(`./${path}`)} ! -type d -print0`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});
