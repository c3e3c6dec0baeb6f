export interface Executable {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** False: what was there already is the same. */
  readonly made: boolean;
}

export function buildWorker(root: string): Promise<Executable>;
export function bundleWorker(
  root: string,
  options?: { readonly version?: string },
): Promise<string>;
