/**
 * Real pipes for a program's output. Node gives children socket pairs, on which `> /dev/stdout` and
 * `> /dev/stderr` fail with ENXIO, and scripts do write that. So a small pool of FIFOs is kept:
 * opened at both ends and unlinked, they are ordinary pipes.
 */
import { execFile } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, rmSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { digest } from "../../ipc/paths.js";

const poolSize = 32;
const sharedMemory = "/dev/shm";

export interface OutputPipe {
  readonly reader: Socket;
  /** For the child; close it here after the spawn. */
  readonly writerFd: number;
}

export interface PipePool {
  /** null: this host has no mkfifo(1); the caller falls back to Node's own. */
  take(): Promise<OutputPipe | null>;
  close(): void;
}

/**
 * In memory where the host has such a place: on a busy disk each new name waits for its journal
 * (measured: up to 3 ms). Named after the data directory, of which there is one supervisor.
 */
export function pipesDirectory(dataDirectory: string): string {
  try {
    accessSync(sharedMemory, constants.W_OK);
    return join(sharedMemory, `almanac-${digest(dataDirectory)}`);
  } catch {
    return join(dataDirectory, "pipes");
  }
}

export function createPipePool(directory: string): PipePool {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ready: string[] = [];
  let made = 0;
  let filling: Promise<boolean> | null = null;

  function fill(): Promise<boolean> {
    filling ??= makePipes(directory, made, poolSize).then((paths) => {
      made += poolSize;
      filling = null;
      ready.push(...paths);
      return paths.length > 0;
    });
    return filling;
  }

  void fill();
  return {
    async take() {
      let path = ready.pop();
      while (path === undefined) {
        if (!(await fill())) return null;
        path = ready.pop();
      }
      if (ready.length < poolSize / 4) void fill();
      return openPipe(path);
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function openPipe(path: string): OutputPipe {
  // The reader first and without waiting: then opening the other end does not wait either.
  const readerFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writerFd = openSync(path, constants.O_WRONLY);
    const reader = new Socket({ fd: readerFd, readable: true, writable: false });
    return { reader, writerFd };
  } catch (error) {
    closeSync(readerFd);
    throw error;
  } finally {
    unlinkSync(path);
  }
}

function makePipes(directory: string, first: number, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, index) => join(directory, String(first + index)));
  return new Promise((resolve) => {
    execFile("mkfifo", ["-m", "600", ...paths], (error) => resolve(error === null ? paths : []));
  });
}
