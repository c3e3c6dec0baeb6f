/**
 * The GPUs of this node, as nvidia-smi lists them. They are looked at again and again: a card can
 * fall off its bus, and a driver be unloaded, while the worker runs.
 */
import { execFile } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import type { Device } from "../core/resources.js";
import { messageOf, type WorkerLog } from "./log.js";
import { type GpuOffer, gpuQuery, offeredGpus, parseGpuList } from "./pure/gpu-list.js";

export interface GpuOptions {
  /** Path, or a name to look for on the PATH. */
  readonly nvidiaSmi: string;
  readonly timeoutMs: number;
  readonly probeIntervalMs: number;
  readonly offer: GpuOffer;
}

/** More than a listing of 32 GPUs ever is. */
const outputBytesMax = 256 * 1024;
/** One late answer, of a busy driver, does not take the GPUs away. */
const failuresUntilGone = 2;

/** null: it did not answer as it should. A node without the program has no GPUs. */
async function listGpus(options: GpuOptions, log: WorkerLog): Promise<readonly Device[] | null> {
  const { nvidiaSmi, timeoutMs, offer } = options;
  try {
    const { devices, missing } = offeredGpus(parseGpuList(await run(nvidiaSmi, timeoutMs)), offer);
    if (missing.length > 0) log.warn({ missing }, "GPUs that are offered are not there");
    return devices;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    log.warn({ error: messageOf(error).slice(0, 512) }, `${nvidiaSmi} does not list the GPUs`);
    return null;
  }
}

function run(program: string, timeout: number): Promise<string> {
  const options = { timeout, maxBuffer: outputBytesMax, killSignal: "SIGKILL" as const };
  return new Promise((resolve, reject) => {
    execFile(program, gpuQuery, options, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}

export interface GpuWatch {
  readonly devices: () => readonly Device[];
  close(): void;
}

/** Resolves after the first look; `onChange` is told of every later one that differs. */
export async function watchGpus(
  options: GpuOptions,
  log: WorkerLog,
  onChange: () => void,
): Promise<GpuWatch> {
  let devices = (await listGpus(options, log)) ?? [];
  let failures = 0;
  let timer: NodeJS.Timeout | null = null;
  const again = (): void => {
    timer = setTimeout(() => void look(), options.probeIntervalMs);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    const listed = await listGpus(options, log);
    if (timer === null) return;
    failures = listed === null ? failures + 1 : 0;
    const now = listed ?? (failures >= failuresUntilGone ? [] : devices);
    if (!isDeepStrictEqual(now, devices)) {
      log.warn({ before: devices.length, now: now.length }, "the GPUs of this node have changed");
      devices = now;
      onChange();
    }
    again();
  };
  again();
  return {
    devices: () => devices,
    close() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
