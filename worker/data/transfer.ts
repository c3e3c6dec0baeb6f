/** Content that the supervisor needs brought to this worker, or from it: the agent carries it. */
export interface Transfer {
  /** Of the supervisor that asks. */
  readonly id: number;
  readonly attempt: string;
  readonly direction: "fetch" | "put";
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Of what is put; empty for what is fetched, which goes to the cache. */
  readonly path: string;
}
