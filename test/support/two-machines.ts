/** Two network namespaces with a cable between them, and the command run in either as on a machine. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { distEntry } from "./entry.js";

export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

export interface TwoMachines {
  readonly here: string;
  readonly there: string;
  readonly hereAddress: string;
  readonly folder: string;
  almanac(namespace: string, ...args: string[]): Promise<Ended>;
  /** A server of the cluster, once it says that it is ready; stopped with the rest. */
  serve(namespace: string, ...args: string[]): Promise<ChildProcess>;
  /** Every packet to and from `there` is dropped from now on, in silence. */
  cut(): void;
  close(): Promise<void>;
}

const ip = (...args: string[]): void => {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
};
const drop = (namespace: string, chain: string): void =>
  ip("netns", "exec", namespace, "iptables", "-A", chain, "-j", "DROP");

/** Why they cannot be had here; null: they can. */
export function twoMachinesMissing(): string | null {
  const namespace = `alm${process.pid}x`;
  try {
    ip("netns", "add", namespace);
    try {
      drop(namespace, "INPUT");
      return null;
    } finally {
      ip("netns", "del", namespace);
    }
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[1] ?? error.message) : "";
    return `needs root, ip netns and iptables (packages iproute2, iptables): ${why}`;
  }
}

/** `subnet`: the first three numbers of its addresses, of this test alone. */
export function startTwoMachines(subnet: string): TwoMachines {
  const [here, there] = [`alm${process.pid}c`, `alm${process.pid}d`];
  const folder = mkdtempSync(join(tmpdir(), "almanac-machines-"));
  const servers: ChildProcess[] = [];
  for (const namespace of [here, there]) {
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
  }
  ip("link", "add", here, "netns", here, "type", "veth", "peer", "name", there, "netns", there);
  for (const [index, namespace] of [here, there].entries()) {
    ip("-n", namespace, "addr", "add", `${subnet}.${index + 1}/24`, "dev", namespace);
    ip("-n", namespace, "link", "set", namespace, "up");
  }

  /** Each has a home of its own. */
  const inside = (namespace: string, args: readonly string[]): ChildProcess => {
    const env = { PATH: process.env.PATH, HOME: join(folder, namespace), NO_COLOR: "1" };
    const command = ["netns", "exec", namespace, process.execPath, distEntry(), ...args];
    return spawn("ip", command, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  };

  return {
    here,
    there,
    hereAddress: `${subnet}.1`,
    folder,
    async almanac(namespace, ...args) {
      const child = inside(namespace, args);
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk) => {
          said += chunk;
        });
      }
      const code = await new Promise<number | null>((done) => child.once("close", done));
      return { code, said };
    },
    async serve(namespace, ...args) {
      const child = inside(namespace, args);
      servers.push(child);
      let said = "";
      child.stderr?.on("data", (chunk) => {
        said += chunk;
      });
      await new Promise<void>((ready, failed) => {
        if (child.stdout !== null) {
          createInterface({ input: child.stdout }).on("line", (line) => {
            if (line.includes('"ready":true')) ready();
          });
        }
        child.once("exit", () => failed(new Error(`${args.join(" ")}: ${said}`)));
      });
      return child;
    },
    cut() {
      for (const chain of ["INPUT", "OUTPUT"]) drop(there, chain);
    },
    async close() {
      for (const server of servers.reverse()) {
        if (server.exitCode !== null || server.signalCode !== null) continue;
        const gone = new Promise((done) => server.once("exit", done));
        server.kill("SIGTERM");
        await gone;
      }
      for (const namespace of [here, there]) ip("netns", "del", namespace);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
