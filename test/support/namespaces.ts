/** Machines of a test: network namespaces, linked by a cable of their own, and what runs in them. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const ip = (...args: string[]): void => {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
};

/** Why two namespaces cannot be had; null: they can. */
export function namespacesMissing(): string | null {
  const name = `alm${process.pid}x`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    return null;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[1] ?? error.message) : "";
    return `needs root and ip netns (package iproute2): ${why}`;
  }
}

export interface NamespaceEnd {
  /** Of the namespace, and of its end of the cable: 15 characters at most. */
  readonly name: string;
  readonly address: string;
}

/** Makes two and joins them; their addresses are of one network of 256. */
export function linkNamespaces(ends: readonly [NamespaceEnd, NamespaceEnd]): void {
  const [one, two] = ends;
  for (const { name } of ends) {
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
  }
  const peer = ["type", "veth", "peer", "name", two.name, "netns", two.name];
  ip("link", "add", one.name, "netns", one.name, ...peer);
  for (const { name, address } of ends) {
    ip("-n", name, "addr", "add", `${address}/24`, "dev", name);
    ip("-n", name, "link", "set", name, "up");
  }
}

export function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    try {
      ip("netns", "del", name);
    } catch {
      // was never made
    }
  }
}

export interface Command {
  /** The program first. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** null: no namespace of its own. */
export function spawnIn(namespace: string | null, { argv, env, cwd }: Command): ChildProcess {
  const whole = namespace === null ? argv : ["ip", "netns", "exec", namespace, ...argv];
  const [program = "", ...rest] = whole;
  return spawn(program, rest, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
}

export interface Ended {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly said: string;
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, said };
}

export interface Served {
  readonly child: ChildProcess;
  readonly address: string;
  /** What it has logged so far. */
  readonly log: () => string;
}

/** A server of the cluster, once it says that it is ready. */
export async function ready(child: ChildProcess): Promise<Served> {
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  const address = await new Promise<string>((done, failed) => {
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.includes('"ready":true')) done(JSON.parse(line).address);
        else log += line;
      });
    }
    child.once("exit", () => failed(new Error(`${child.spawnargs.join(" ")}: ${log}`)));
  });
  return { child, address, log: () => log };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}
