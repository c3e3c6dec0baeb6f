/**
 * One virtual machine: a QEMU with its channels, from its start to its end. It tells what the guest
 * said; what that means for an attempt is for kvm.ts.
 *
 * QEMU exits with 0 for a program's success, a guest's panic and `quit` alike: only the guest's last
 * word tells how the program ended.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Result } from "../../../core/result.js";
import { tiedToStarter } from "../process/privileges.js";
import { signal } from "../process/proc.js";
import { wrapCommand, wrapperShell } from "../process/wrapper.js";
import { channels, diskNames, type MachineDisks } from "./arguments.js";
import { drainOutput } from "./drain.js";
import { type GuestWord, readGuestWord } from "./guest-words.js";
import { readLines } from "./lines.js";
import { createQmpClient } from "./qmp.js";

export interface MachineOptions {
  readonly qemu: string;
  readonly arguments: readonly string[];
  /** The attempt's: QEMU is found again by it. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Files through which QEMU joins its control groups. */
  readonly joinFiles: readonly string[];
  /** Theirs from here on: they are closed. */
  readonly disks: MachineDisks;
}

export interface MachineEnd {
  /** How the guest said that the program ended; null: it did not. */
  readonly word: GuestWord | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly atMs: number;
}

export interface Machine {
  readonly pid: number;
  readonly stdout: Duplex;
  readonly stderr: Duplex;
  /** To the guest: an archive of the attempt's inputs. */
  readonly inputs: Socket;
  /** From the guest: one of what the program left. */
  readonly outputs: Socket;
  /** Resolves when the guest is about to start the program; never, if it does not come to that. */
  readonly ready: Promise<void>;
  /** Resolves when QEMU has gone. */
  readonly ended: Promise<MachineEnd>;
  /** The machine stands still until then. */
  open(): void;
  /** Has the guest send SIGTERM to the program. */
  terminate(): void;
  /** Stops the machine's processors, or has them go on. */
  hold(held: boolean): Promise<Result<unknown, string>>;
  /** Ends the machine, whatever runs in it. */
  quit(): void;
  /** The end of what the guest's kernel and QEMU itself have said. */
  lastWords(): string;
}

const tailBytesMax = 8 * 1024;
/** After the guest's last word, with nothing of its output coming. */
const drainLimitMs = 5_000;
/** After `quit`, before it is killed. */
const quitLimitMs = 1_000;
/** What was written to a user's disk must get there. */
const quitLimitWritingMs = 30_000;
const lineBytesMax = 4_096;

/**
 * A machine is worth nothing without its supervisor, which has its channels: it must not run on
 * unseen where no agent is left to start another one. Found out once.
 */
let tie: readonly string[] | null = null;

/** Rejects if the process cannot be started. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const child = spawnMachine(options);
  const { pid } = child;
  if (pid === undefined) {
    throw await new Promise<Error>((resolve) => child.once("error", resolve));
  }
  const writes = diskNames.some((name) => options.disks[name]?.writable);
  return superviseMachine(child, pid, writes ? quitLimitWritingMs : quitLimitMs);
}

function spawnMachine(options: MachineOptions): ChildProcess {
  const { qemu, directory, joinFiles, environment, disks } = options;
  const argv = [qemu, ...options.arguments];
  tie ??= tiedToStarter();
  const wrapped = wrapCommand(directory, joinFiles, [], argv, environment);
  // Before the gate: a supervisor that dies earlier leaves that closed.
  const [program = wrapperShell, ...rest] = [...tie, wrapperShell, ...wrapped.argv];
  try {
    return spawn(program, rest, {
      cwd: directory,
      env: { ...wrapped.environment },
      detached: true,
      stdio: [
        ...(["ignore", "pipe", "pipe"] as const),
        // Gate and channels are socket pairs: nobody else can connect, and they leave no files.
        ...Array.from({ length: 8 }, () => "pipe" as const),
        ...diskNames.map((name) => disks[name]?.fd ?? ("ignore" as const)),
      ],
    });
  } finally {
    closeDisks(disks);
  }
}

export function closeDisks(disks: MachineDisks): void {
  for (const name of diskNames) {
    const disk = disks[name];
    if (disk !== undefined) closeSync(disk.fd);
  }
}

function superviseMachine(child: ChildProcess, pid: number, limitMs: number): Machine {
  const gate = channelOf(child, 3);
  const control = channelOf(child, channels.control);
  const stdout = channelOf(child, channels.stdout);
  const stderr = channelOf(child, channels.stderr);
  const inputs = channelOf(child, channels.inputs);
  const outputs = channelOf(child, channels.outputs);
  const qmp = createQmpClient(channelOf(child, channels.qmp));
  const own = createTail();
  const console = createTail();
  child.stdout?.on("data", own.add);
  child.stderr?.on("data", own.add);
  channelOf(child, channels.console).on("data", console.add);

  let word: GuestWord | null = null;
  let wordAtMs: number | null = null;
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  let quitting: NodeJS.Timeout | null = null;
  const kill = (): void => void signal(-pid, "SIGKILL");

  function quit(): void {
    if (quitting !== null) return;
    quitting = setTimeout(kill, limitMs);
    // Before its protocol is there QEMU may be killed just as well: nothing has been started.
    void qmp.execute("quit");
  }

  readLines(control, lineBytesMax, (line) => {
    const read = readGuestWord(line);
    if (read === null || word !== null) return;
    if (read.kind === "ready") return isReady();
    word = read;
    wordAtMs = Date.now();
    void drainOutput(qmp, [stdout, stderr, outputs], drainLimitMs).then(quit);
  });
  const ended = exitOf(child).then(({ code, signalName }) => {
    if (quitting !== null) clearTimeout(quitting);
    return { word, exitCode: code, signal: signalName, atMs: wordAtMs ?? Date.now() };
  });
  return {
    pid,
    stdout,
    stderr,
    inputs,
    outputs,
    ready,
    ended,
    open() {
      gate.end("go\n");
    },
    terminate: () => void control.write("TERM\n"),
    hold: (held) => qmp.execute(held ? "stop" : "cont"),
    quit,
    lastWords: () => [own.text(), console.text()].filter((text) => text !== "").join("\n"),
  };
}

function channelOf(child: ChildProcess, fd: number): Socket {
  const stream = child.stdio[fd];
  if (!(stream instanceof Socket)) throw new Error(`descriptor ${fd} is no channel`);
  // Of a QEMU that has gone; its end is told by its exit.
  stream.on("error", () => undefined);
  return stream;
}

const exitOf = (
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signalName: string | null }> =>
  new Promise((resolve) => {
    child.once("exit", (code, signalName) => resolve({ code, signalName }));
  });

/** A console may be flooded: only its end is kept. */
function createTail(): { add: (chunk: Buffer) => void; text: () => string } {
  let kept = Buffer.alloc(0);
  return {
    add(chunk) {
      kept = Buffer.concat([kept, chunk]).subarray(-tailBytesMax);
    },
    text: () =>
      kept
        .toString()
        // Escape sequences and returns of a terminal.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is removed
        .replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001bc|\r/g, "")
        .trim(),
  };
}
