/** Copies a container's output from the daemon's log into the attempt's, across outages. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LogStreamName } from "../../../core/session.js";
import { type Daemon, statusOf } from "./daemon.js";
import { createFrameReader } from "./log-position.js";
import { type LogProgress, stderrTailBytes } from "./log-progress.js";

const retryMs = 100;
/** After the end, a daemon that sends nothing for so long has sent all it will. */
const idleMsMax = 5_000;

export interface LogCopy {
  /** Resolves when all is copied; call it when the container has ended. */
  finish(): Promise<void>;
  /** The last of standard error. */
  stderrTail(): string;
}

export function copyLogs(daemon: Daemon, container: string, progress: LogProgress): LogCopy {
  let tail = progress.stderrTail;
  let finishing = false;
  let wake: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    wake = resolve;
  });

  async function copyOnce(): Promise<void> {
    const since = progress.position.restart();
    const reader = await daemon.call((docker) =>
      docker
        .getContainer(container)
        .logs({ follow: true, stdout: true, stderr: true, timestamps: true, since }),
    );
    const hang = (): void => {
      if ("destroy" in reader && typeof reader.destroy === "function") reader.destroy();
    };
    let timer: NodeJS.Timeout | null = null;
    const watch = (): void => {
      if (timer !== null) clearTimeout(timer);
      if (finishing) timer = setTimeout(hang, idleMsMax);
    };
    void ended.then(watch);
    try {
      await copyFrames(reader, progress, watch, (data) => {
        tail = Buffer.concat([tail, data]).subarray(-stderrTailBytes);
      });
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  const copied = (async () => {
    for (;;) {
      const last = finishing;
      try {
        await copyOnce();
        if (last) return;
      } catch (error) {
        // Gone with its log, or we are stopping: what was read is kept.
        if (statusOf(error) !== null || last) return;
      }
      await Promise.race([ended, sleep(retryMs)]);
    }
  })();

  return {
    async finish() {
      finishing = true;
      wake();
      await copied;
    },
    stderrTail: () => tail.toString(),
  };
}

/** One chunk at a time: a flood is read at the speed of the disk. */
async function copyFrames(
  reader: NodeJS.ReadableStream,
  progress: LogProgress,
  onChunk: () => void,
  onStderr: (data: Buffer) => void,
): Promise<void> {
  const { position, logs } = progress;
  const read = createFrameReader();
  for await (const chunk of reader) {
    onChunk();
    const parts: Record<LogStreamName, Buffer[]> = { stdout: [], stderr: [] };
    for (const message of read(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))) {
      if (position.isNew(message)) parts[message.stream].push(progress.missing(message));
    }
    if (parts.stderr.length > 0) onStderr(Buffer.concat(parts.stderr));
    await Promise.all([
      logs.stdout.append(Buffer.concat(parts.stdout)),
      logs.stderr.append(Buffer.concat(parts.stderr)),
    ]);
    progress.written();
  }
}
