/**
 * Keeps an eye on whether machines run here: a worker whose KVM, QEMU or image comes offers machines
 * without a restart, and one whose image goes takes its offer back, with the reason.
 */
import type { Result } from "../../../core/result.js";
import type { WorkerLog } from "../../log.js";
import type { Accelerator } from "./arguments.js";
import { probeBasis, probeKvm } from "./probe.js";
import type { KvmSettings } from "./settings.js";

export interface MachineMonitor {
  current(): Result<Accelerator, string>;
  close(): void;
}

export interface MonitorOptions {
  readonly settings: KvmSettings;
  readonly dataDirectory: string;
  readonly log: WorkerLog;
  /** What `current` says has changed. */
  readonly onChange: () => void;
  readonly checkEveryMs?: number;
}

const checkEveryDefaultMs = 5_000;
/** After a boot that failed: another one costs seconds of cpu, and mostly fails as well. */
const retryFirstMs = 10_000;
const retryMaxMs = 10 * 60_000;

/** Resolves after the first probe. */
export async function monitorMachines(options: MonitorOptions): Promise<MachineMonitor> {
  const { settings, dataDirectory, log, onChange, checkEveryMs = checkEveryDefaultMs } = options;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let current: Result<Accelerator, string> = { ok: false, error: "not yet tried" };
  let basis = "";
  let retryAtMs = 0;
  let retryAfterMs = retryFirstMs;

  async function look(): Promise<void> {
    const found = await probeBasis(settings);
    if (!found.ok) {
      basis = "";
      return set(found);
    }
    const changed = found.value !== basis;
    if (!changed && (current.ok || performance.now() < retryAtMs)) return;
    if (changed) retryAfterMs = retryFirstMs;
    basis = found.value;
    const probed = await probeKvm(settings, dataDirectory);
    retryAtMs = performance.now() + retryAfterMs;
    retryAfterMs = Math.min(2 * retryAfterMs, retryMaxMs);
    set(probed);
  }

  function set(next: Result<Accelerator, string>): void {
    const before = current;
    current = next;
    if (wordsOf(before) === wordsOf(next)) return;
    if (next.ok) log.info({ accelerator: next.value }, "machines run here");
    else log.warn({ why: next.error }, "no machines here");
    if (!closed) onChange();
  }

  function later(): void {
    if (closed) return;
    timer = setTimeout(() => void look().finally(later), checkEveryMs);
    timer.unref();
  }

  await look();
  later();
  return {
    current: () => current,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

const wordsOf = (found: Result<Accelerator, string>): string =>
  found.ok ? found.value : `no: ${found.error}`;
