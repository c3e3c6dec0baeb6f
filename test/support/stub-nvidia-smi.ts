/** A program that answers as nvidia-smi does, from a file that a test may change. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StubNvidiaSmi {
  readonly path: string;
  /** What it lists from now on; null: it fails as a node without a driver does. */
  list(gpus: readonly string[] | null): void;
}

/** Each entry is a line after the index: `GPU-a, NVIDIA L4, 23034`. */
export function stubNvidiaSmi(directory: string, gpus: readonly string[]): StubNvidiaSmi {
  const path = join(directory, "nvidia-smi");
  const answer = join(directory, "nvidia-smi.answer");
  const list = (now: readonly string[] | null): void =>
    writeFileSync(answer, (now ?? ["fail"]).map((gpu, index) => `${index}, ${gpu}\n`).join(""));
  list(gpus);
  const script = `#!/bin/sh
[ "$2" = --format=csv,noheader,nounits ] || exit 2
grep -q fail ${answer} && { echo "NVIDIA-SMI has failed"; exit 9; }
cat ${answer}
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { path, list };
}
