/** How far a transfer is, in one line that is drawn over itself; nothing where there is no terminal. */
import { formatBytes, plural } from "./render/units.js";

export interface TransferProgress {
  add(bytes: number): void;
  finish(): void;
}

const drawEveryMs = 100;
const barWidth = 24;

export function transferProgress(
  verb: string,
  files: number,
  totalBytes: number,
  output: NodeJS.WriteStream = process.stderr,
): TransferProgress {
  if (output.isTTY !== true) return { add: () => undefined, finish: () => undefined };
  let done = 0;
  let drawnAtMs = 0;
  const draw = (): void => {
    const share = totalBytes === 0 ? 1 : Math.min(1, done / totalBytes);
    const full = Math.round(share * barWidth);
    const bar = `${"━".repeat(full)}${"─".repeat(barWidth - full)}`;
    const amount = `${formatBytes(done)} of ${formatBytes(totalBytes)}`;
    output.write(`\r${verb} ${plural(files, "file")} ${bar} ${amount}\u001b[K`);
  };
  return {
    add(bytes) {
      done += bytes;
      if (Date.now() - drawnAtMs < drawEveryMs) return;
      drawnAtMs = Date.now();
      draw();
    },
    finish() {
      draw();
      output.write("\r\u001b[K");
    },
  };
}

export async function* counted(
  content: AsyncIterable<Uint8Array>,
  progress: TransferProgress,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of content) {
    progress.add(chunk.length);
    yield chunk;
  }
}
