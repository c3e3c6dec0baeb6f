/**
 * Who a program runs as, and what it may use beyond cpu and memory: the task asks, the worker's
 * policy allows. It is done by programs of util-linux that take the limits on and then execute the
 * next one, so everything holds before the program's first instruction.
 */
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ProcessOptions } from "../../../core/drivers.js";
import type { Result } from "../../../core/result.js";

/** What tasks may ask of this worker; the settings `worker.process`. */
export interface ProcessPolicy {
  readonly users: readonly string[];
  /** null: the worker's own. */
  readonly defaultUser: string | null;
  readonly newPrivileges: boolean;
}

export const closedPolicy: ProcessPolicy = { users: [], defaultUser: null, newPrivileges: false };

export interface HostTools {
  /** Paths; null: not there, or it does not do what we need. */
  readonly setpriv: string | null;
  readonly prlimit: string | null;
  /** Of the worker itself. */
  readonly uid: number;
  /** The worker itself gains no privileges by executing, and so nothing that it starts does. */
  readonly noNewPrivileges: boolean;
  /** Whether control groups bound the number of processes. */
  readonly limitsProcesses: boolean;
  /** Text of passwd(5). */
  readonly passwd: string;
}

export interface UnixUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface Confinement {
  /** null: as the worker itself. */
  readonly user: UnixUser | null;
  /** Each executes the next; the program stands behind them. */
  readonly prefix: readonly string[];
  /** null: the driver's default. */
  readonly processesMax: number | null;
}

/** Found out by doing it: other systems have programs of these names that know other options. */
function workingTool(name: string, ...options: readonly string[]): string | null {
  const path = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    .map((directory) => `${directory}/${name}`)
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return null;
  try {
    execFileSync(path, [...options, "/bin/sh", "-c", ":"], { stdio: "ignore", timeout: 5_000 });
    return path;
  } catch {
    return null;
  }
}

const findSetpriv = (): string | null => workingTool("setpriv", "--no-new-privs");

/**
 * What to start a supervisor with. Where no task may ask for new privileges it has none to give, and
 * its programs inherit that: one execution less for each, which costs as much as the fork.
 */
export function supervisorPrefix(policy: ProcessPolicy): readonly string[] {
  const setpriv = policy.newPrivileges ? null : findSetpriv();
  return setpriv === null ? [] : [setpriv, "--no-new-privs", "--"];
}

/**
 * What is started behind this is killed when the process that starts it dies, however it dies. Empty
 * where setpriv cannot do that.
 */
export function tiedToStarter(): readonly string[] {
  const setpriv = workingTool("setpriv", "--pdeathsig", "KILL");
  return setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"];
}

export function probeHostTools(limitsProcesses: boolean): HostTools {
  return {
    setpriv: findSetpriv(),
    prlimit: workingTool("prlimit", "--core=0:0"),
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(readFileSync("/proc/self/status", "utf8")),
    uid: process.getuid?.() ?? 0,
    limitsProcesses,
    passwd: existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "",
  };
}

/** For DriverFacts: what a task may not rely on here. Disk is measured at its end, never bounded. */
export function notEnforced(host: HostTools): readonly string[] {
  const { setpriv, prlimit, limitsProcesses, noNewPrivileges } = host;
  return [
    ...(limitsProcesses ? [] : ["processes"]),
    ...(prlimit === null ? ["rlimits"] : []),
    ...(setpriv === null && !noNewPrivileges ? ["no_new_privileges"] : []),
    "disk",
  ];
}

/** An error names the setting that forbids, or what the host lacks. */
export function confine(
  options: ProcessOptions | null,
  policy: ProcessPolicy,
  host: HostTools,
): Result<Confinement, string> {
  const user = userOf(options?.user ?? null, policy, host);
  if (!user.ok) return user;
  if (options?.newPrivileges === true && !policy.newPrivileges) {
    return no("process.newPrivileges: the worker's worker.process.newPrivileges does not allow it");
  }
  const limits = limitsOf(options, user.value, host);
  if (!limits.ok) return limits;
  const { prlimit } = host;
  return {
    ok: true,
    value: {
      user: user.value,
      prefix: [
        ...(prlimit === null || limits.value.length === 0 ? [] : [prlimit, ...limits.value, "--"]),
        ...privilegesOf(options, user.value, host),
      ],
      processesMax: options?.processesMax ?? null,
    },
  };
}

function userOf(
  asked: string | null,
  policy: ProcessPolicy,
  host: HostTools,
): Result<UnixUser | null, string> {
  const name = asked ?? policy.defaultUser;
  if (name === null) return { ok: true, value: null };
  const setting = asked === null ? "worker.process.defaultUser" : "process.user";
  const user = findUser(name, host.passwd);
  if (user === null) return no(`${setting}: this host has no user ${name}`);
  const allowed = [policy.defaultUser, ...policy.users]
    .filter((one) => one !== null)
    .some((one) => findUser(one, host.passwd)?.uid === user.uid);
  const own = user.uid === host.uid;
  // Where a default user is set, the worker's own is a loosening like any other.
  if (!allowed && !(own && policy.defaultUser === null)) {
    return no(`${setting}: the worker's worker.process.users does not allow ${name}`);
  }
  if (own) return { ok: true, value: null };
  if (host.uid !== 0) {
    return no(`${setting}: the worker does not run as root, so it cannot run programs as ${name}`);
  }
  if (host.setpriv === null) return no(`${setting}: setpriv(1) of util-linux is not here`);
  return { ok: true, value: user };
}

/** By name or number. A number without an entry is a user all the same, in the group of its number. */
export function findUser(text: string, passwd: string): UnixUser | null {
  for (const line of passwd.split("\n")) {
    const [name, , uid, gid, , home] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined) continue;
    if (name === text || uid === text) {
      return { name, uid: Number(uid), gid: Number(gid), home: home ?? "" };
    }
  }
  if (!/^\d{1,9}$/.test(text)) return null;
  return { name: text, uid: Number(text), gid: Number(text), home: "" };
}

function limitsOf(
  options: ProcessOptions | null,
  user: UnixUser | null,
  host: HostTools,
): Result<readonly string[], string> {
  const { openFilesMax = null, fileBytesMax = null, processesMax = null } = options ?? {};
  const limits = [
    ...(openFilesMax === null ? [] : [`--nofile=${openFilesMax}:${openFilesMax}`]),
    ...(fileBytesMax === null ? [] : [`--fsize=${fileBytesMax}:${fileBytesMax}`]),
  ];
  if (processesMax !== null && !host.limitsProcesses) {
    // Counted over all processes of a user, and never for root.
    if ((user?.uid ?? host.uid) === 0) {
      return no("process.processes: no control groups here, and a limit does not hold for root");
    }
    limits.push(`--nproc=${processesMax}:${processesMax}`);
  }
  if (limits.length > 0 && host.prlimit === null) {
    return no("process: limits need prlimit(1) of util-linux, which is not here");
  }
  return { ok: true, value: limits };
}

/**
 * A change of user takes two steps: the first still has root's capabilities when it executes, and so
 * could execute what the user may not; the second has none.
 */
function privilegesOf(
  options: ProcessOptions | null,
  user: UnixUser | null,
  { setpriv, noNewPrivileges }: HostTools,
): readonly string[] {
  if (setpriv === null) return [];
  const noMore = options?.newPrivileges === true || noNewPrivileges ? [] : ["--no-new-privs"];
  if (user === null) return noMore.length === 0 ? [] : [setpriv, ...noMore, "--"];
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  return [setpriv, ...identity, "--", setpriv, "--inh-caps=-all", ...noMore, "--"];
}

/** Hands a file of the attempt to its user; one that is not there needs no owner. */
export function giveTo(user: UnixUser | null, path: string): void {
  if (user !== null && existsSync(path)) chownSync(path, user.uid, user.gid);
}

/** The nearest directory above `path` that the user may not enter; null: there is none. */
export function closedAbove(path: string, user: UnixUser): string | null {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const { mode, uid, gid } = statSync(directory);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return directory;
    if (directory === dirname(directory)) return null;
  }
}

const no = (error: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error,
});
