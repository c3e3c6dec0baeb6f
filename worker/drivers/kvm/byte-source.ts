/** A stream read in the portions that its content has, not in those in which it comes. */
export interface ByteSource {
  /** null: the stream has ended before that. */
  exactly(bytes: number): Promise<Buffer | null>;
  /** As many bytes as they come; fewer, if the stream ends before. */
  pieces(bytes: number): AsyncGenerator<Buffer>;
  /** Takes what is left, to its end. */
  discard(): Promise<void>;
}

export function createByteSource(stream: AsyncIterable<Buffer>): ByteSource {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function* pieces(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (rest.length === 0) {
        const next = await chunks.next();
        if (next.done === true) return;
        rest = next.value;
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  return {
    pieces,
    async discard() {
      while ((await chunks.next()).done !== true);
    },
    async exactly(bytes) {
      const found: Buffer[] = [];
      for await (const piece of pieces(bytes)) found.push(piece);
      const whole = Buffer.concat(found);
      return whole.length === bytes ? whole : null;
    },
  };
}
