/**
 * A Docker daemon of a test's own, with its own socket and directories, and one small image made of
 * Debian's busybox-static. Needs root and `apt-get install docker.io iptables busybox-static`; where
 * that is missing, `reason` says so and the tests are skipped.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { removeContainer } from "../drivers/docker/removal.js";
import { processesWithEnvironment } from "../drivers/process/proc.js";
import { exampleImage, testImage } from "./docker-options.js";

const readyTimeoutMs = 20_000;
const stopTimeoutMs = 15_000;
const daemonVariable = "ALMANAC_TEST_DOCKERD";

export interface DockerDaemon {
  readonly socket: string;
  readonly docker: Docker;
  /** Of all containers, running or not. */
  containers(): Promise<Docker.ContainerInfo[]>;
  /** As a crash does it: containers live on. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export type DockerHere =
  | { readonly daemon: DockerDaemon; readonly reason: null }
  | { readonly daemon: null; readonly reason: string };

export interface DaemonExtras {
  /** A directory with programs that it finds before others. */
  readonly programs?: string;
  readonly flags?: readonly string[];
}

export async function startDockerDaemon(extras: DaemonExtras = {}): Promise<DockerHere> {
  const missing = missingReason();
  if (missing !== null) return { daemon: null, reason: missing };
  const daemon = createDaemon(mkdtempSync(join(tmpdir(), "almanac-dockerd-")), extras);
  try {
    await daemon.start();
    importImage(daemon.socket);
    return { daemon, reason: null };
  } catch (error) {
    await daemon.close();
    const why = error instanceof Error ? error.message : String(error);
    return { daemon: null, reason: `dockerd does not run here: ${why}` };
  }
}

function missingReason(): string | null {
  if (process.getuid?.() !== 0) return "a private dockerd needs root";
  for (const program of ["dockerd", "docker-init", "iptables", "busybox", "docker"]) {
    const places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    if (places.some((place) => existsSync(join(place, program)))) continue;
    return `no ${program}: apt-get install docker.io iptables busybox-static`;
  }
  return null;
}

function createDaemon(
  directory: string,
  { programs, flags: more = [] }: DaemonExtras,
): DockerDaemon {
  const socket = join(directory, "docker.sock");
  const [execRoot, pidFile] = [join(directory, "exec"), join(directory, "dockerd.pid")];
  const logPath = join(directory, "dockerd.log");
  const docker = new Docker({ socketPath: socket });
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    // What a killed daemon leaves would keep the next one from starting.
    rmSync(pidFile, { force: true });
    rmSync(join(execRoot, "containerd/containerd.pid"), { force: true });
    rmSync(socket, { force: true });
    const log = openSync(logPath, "a");
    const flags = [
      ...["-H", `unix://${socket}`, "--data-root", join(directory, "data")],
      ...["--exec-root", execRoot, "--pidfile", pidFile, "--live-restore"],
      ...["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"],
      ...more,
    ];
    const { PATH = "" } = process.env;
    const path = programs === undefined ? PATH : `${programs}:${PATH}`;
    const env = { ...process.env, PATH: path, [daemonVariable]: directory };
    child = spawn("dockerd", flags, { stdio: ["ignore", log, log], env });
    closeSync(log);
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await answers(docker))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(readFileSync(logPath, "utf8").trim().split("\n").slice(-3).join("\n"));
      }
      await sleep(50);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await Promise.race([gone, sleep(stopTimeoutMs, undefined, { ref: false })]);
  }

  return {
    socket,
    docker,
    containers: () => docker.listContainers({ all: true }),
    start,
    kill: () => end("SIGKILL"),
    async close() {
      if (child !== null) await removeContainers(docker).catch(() => undefined);
      await end("SIGTERM");
      // Shims and what they run, if the daemon did not come to that.
      for (const pid of processesWithEnvironment(`${daemonVariable}=${directory}`)) {
        process.kill(pid, "SIGKILL");
      }
      unmountUnder(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(docker: Docker): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}

async function removeContainers(docker: Docker): Promise<void> {
  const found: Promise<Docker.ContainerInfo[]> = docker.listContainers({ all: true });
  for (const { Id } of await found) await removeContainer(docker, Id);
}

function unmountUnder(directory: string): void {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${directory}/`));
  for (const point of points.reverse()) {
    try {
      execFileSync("umount", ["-l", point], { stdio: "ignore" });
    } catch {
      // Gone with one above it.
    }
  }
}

function importImage(socket: string): void {
  const root = mkdtempSync(join(tmpdir(), "almanac-image-"));
  try {
    const script = [
      'mkdir "$1/bin" "$1/etc" "$1/tmp"',
      'cp -L /bin/busybox "$1/bin/busybox"',
      'for name in $(/bin/busybox --list); do ln -s busybox "$1/bin/$name" 2>/dev/null || :; done',
      'tar -C "$1" -c . | docker -H "unix://$2" import --change "ENV PATH=/bin" - "$3"',
      'docker -H "unix://$2" tag "$3" "$4"',
    ].join("\n");
    const args = ["-e", "-c", script, "sh", root, socket, testImage, exampleImage];
    execFileSync("/bin/sh", args, { stdio: ["ignore", "ignore", "pipe"] });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
