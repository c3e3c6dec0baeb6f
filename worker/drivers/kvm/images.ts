/**
 * The worker's image store: a directory of images, each a directory with a `kernel` and an
 * `initramfs` whose init speaks the guest's protocol (deploy/guest/init).
 */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { Result } from "../../../core/result.js";

export const defaultImageName = "default";

export interface MachineImage {
  readonly name: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/** A task names the image: what is named must lie in the store, links followed. */
export function findImage(store: string, name: string): Result<MachineImage, string> {
  try {
    const root = realpathSync(store);
    const directory = realpathSync(join(root, name));
    if (!directory.startsWith(root + sep)) return no(`image ${name}: outside of the image store`);
    const image = {
      name,
      kernel: join(directory, "kernel"),
      initramfs: join(directory, "initramfs"),
    };
    for (const path of [image.kernel, image.initramfs]) {
      if (!statSync(path).isFile()) return no(`image ${name}: ${path} is not a file`);
    }
    return { ok: true, value: image };
  } catch {
    const known = listImages(store);
    const names = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    return no(`image ${name}: no kernel and initramfs of that name in the image store; ${names}`);
  }
}

/** At most the first ten. */
export function listImages(store: string): string[] {
  try {
    return readdirSync(store)
      .filter((name) => isFile(join(store, name, "kernel")))
      .sort()
      .slice(0, 10);
  } catch {
    return [];
  }
}

/** Of what is in it, so that an image that was built anew counts as another one. */
export async function imageDigest(image: MachineImage): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [image.kernel, image.initramfs]) {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  }
  return hash.digest("hex");
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});
