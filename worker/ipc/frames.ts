/**
 * Length-prefixed JSON on a stream: four bytes big-endian, then that many bytes of UTF-8. A frame
 * past the limit ends the connection: it can only come from a bug or from a stranger.
 */
import type { Socket } from "node:net";

/** A launch carries at most 1 MiB of script and of stdin; JSON makes at most six bytes of one. */
export const frameBytesMax = 32 * 1024 * 1024;

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), "utf8");
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, 4);
  return frame;
}

/** Returns the frames completed by `chunk`; throws on one that is too long or not JSON. */
export function createFrameDecoder(bytesMax = frameBytesMax): (chunk: Buffer) => unknown[] {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      if (bytes < 4) return messages;
      const head = headOf(chunks);
      const length = head.readUInt32BE(0);
      if (length > bytesMax) throw new Error(`frame of ${length} bytes, limit ${bytesMax}`);
      if (bytes < 4 + length) return messages;
      const all = chunks.length === 1 ? head : Buffer.concat(chunks);
      messages.push(JSON.parse(all.toString("utf8", 4, 4 + length)));
      const rest = all.subarray(4 + length);
      chunks = rest.length > 0 ? [rest] : [];
      bytes = rest.length;
    }
  };
}

/** The first chunk, made long enough to hold a length prefix. */
function headOf(chunks: Buffer[]): Buffer {
  const first = chunks[0] ?? Buffer.alloc(0);
  if (first.length >= 4) return first;
  const joined = Buffer.concat(chunks);
  chunks.splice(0, chunks.length, joined);
  return joined;
}

/**
 * Reads frames of a socket and hands those of one chunk over together, so that what is ready at
 * once can be answered at once. Both ends are built from one source, so the shape is trusted.
 */
export function readFrames<T>(
  socket: Socket,
  onMessages: (messages: readonly T[]) => void,
  onBroken: (error: unknown) => void,
): void {
  const decode = createFrameDecoder();
  socket.on("data", (chunk: Buffer) => {
    let messages: T[];
    try {
      messages = decode(chunk) as T[];
    } catch (error) {
      onBroken(error);
      socket.destroy();
      return;
    }
    if (messages.length > 0) onMessages(messages);
  });
}
