/**
 * Looks for a value everywhere that a cluster leaves traces: in files, byte for byte and as it would
 * be encoded, and in what the kernel tells of processes.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Fit for a variable, with a quote, a backslash and a line's end that encoders have to escape. */
export const newCanary = (): string => `canary-${randomBytes(12).toString("hex")}-"\\'-end`;

/** What stands in none of its encodings would be missed: these are the ones that code here writes. */
function formsOf(canary: string): readonly Buffer[] {
  const bytes = Buffer.from(canary);
  const core = canary.slice(0, canary.indexOf('"'));
  // In base64 the same bytes have three faces, by where they begin.
  const faces = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + 24).toString("base64"));
  return [core, ...faces, bytes.toString("base64url"), bytes.toString("hex")].map((text) =>
    Buffer.from(text),
  );
}

/** Paths of the files below a directory that hold it. */
export function filesWith(canary: string, directory: string): readonly string[] {
  const forms = formsOf(canary);
  const found: string[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Files come and go while a cluster runs.
    const content = existsSync(path) ? readOrNothing(path) : Buffer.alloc(0);
    if (forms.some((form) => content.includes(form))) found.push(path);
  }
  return found;
}

export interface Seen {
  readonly pid: number;
  readonly where: "environ" | "cmdline";
  /** Of an attempt, by its environment. */
  readonly attempt: boolean;
}

/** Processes of this machine whose environment or command line has it. */
export function processesWith(canary: string): readonly Seen[] {
  const forms = formsOf(canary);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) =>
      (["environ", "cmdline"] as const).flatMap((where) => {
        const content = readOrNothing(`/proc/${name}/${where}`);
        if (!forms.some((form) => content.includes(form))) return [];
        const environ = readOrNothing(`/proc/${name}/environ`);
        return [{ pid: Number(name), where, attempt: environ.includes("ALMANAC_TASK_ID=") }];
      }),
    );
}

function readOrNothing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
