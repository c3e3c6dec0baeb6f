/** Lines of a stream whose other end is not trusted: one that grows past the limit ends the stream. */
import type { Duplex } from "node:stream";

export function readLines(
  stream: Duplex,
  lineBytesMax: number,
  onLine: (line: string) => void,
): void {
  let rest = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      onLine(rest.subarray(0, end).toString().trimEnd());
      rest = rest.subarray(end + 1);
    }
    if (rest.length > lineBytesMax) stream.destroy();
  });
}
