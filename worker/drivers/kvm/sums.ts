/**
 * Whether an image is what its `SHA256SUMS` says: written by whoever made it (as sha256sum(1) does),
 * so that one that was half copied, or changed since, is never booted. A file is read once for each
 * time that it has changed on disk.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "../../../core/result.js";
import { filesOf, type MachineImage } from "./images.js";

export const sumsFile = "SHA256SUMS";

export interface ImageVerifier {
  /** The digest of the whole image; an error names the file that is not as it was recorded. */
  verify(image: MachineImage): Promise<Result<string, string>>;
}

const filesMax = 256;

export function createImageVerifier(): ImageVerifier {
  const known = new Map<string, { readonly identity: string; readonly sum: Promise<string> }>();

  async function sumOf(path: string): Promise<string> {
    const identity = await identityOf(path);
    const found = known.get(path);
    if (found?.identity === identity) return found.sum;
    const sum = hashOf(path);
    // Of what could not be read nothing is remembered.
    sum.catch(() => known.delete(path));
    known.delete(path);
    known.set(path, { identity, sum });
    const [oldest] = known.keys();
    if (known.size > filesMax && oldest !== undefined) known.delete(oldest);
    return sum;
  }

  return {
    async verify(image) {
      const { name, directory } = image;
      const text = await readFile(join(directory, sumsFile), "utf8").catch(() => null);
      const files = filesOf(image);
      if (text === null) {
        const how = `cd ${directory} && sha256sum ${files.join(" ")} >${sumsFile}`;
        return no(`image ${name}: no ${sumsFile}: ${how}`);
      }
      const recorded = readSums(text);
      const whole = createHash("sha256");
      for (const file of files) {
        const wanted = recorded.get(file);
        if (wanted === undefined) return no(`image ${name}: ${file} is not in its ${sumsFile}`);
        const sum = await sumOf(join(directory, file)).catch(() => null);
        if (sum === null) return no(`image ${name}: ${file} cannot be read`);
        if (sum !== wanted) return no(`image ${name}: ${file} is not what its ${sumsFile} says`);
        whole.update(`${file} ${sum}\n`);
      }
      return { ok: true, value: whole.digest("hex") };
    },
  };
}

/** Lines of `sum  name` or `sum *name`; others count for nothing. */
function readSums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([0-9a-f]{64}) [ *](?:\.\/)?([^/]+)$/.exec(line.trimEnd());
    if (match?.[1] !== undefined && match[2] !== undefined) sums.set(match[2], match[1]);
  }
  return sums;
}

/** Changes when the file does: another one in its place, or written to. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});
