/** What a life leaves behind, for the checks to judge. */
import type { Witness } from "../witness.js";
import type { History } from "./history.js";

export interface Evidence {
  readonly witness: Witness;
  readonly history: History;
  readonly capacities: ReadonlyMap<
    string,
    { readonly cpuMillis: number; readonly memoryBytes: number }
  >;
  readonly pools: ReadonlyMap<string, number>;
  /** What the last master says is used up of pools that do not come back. */
  readonly consumed: ReadonlyMap<string, number>;
  readonly endedAtMs: number;
  /** What the archive says of jobs that left memory: how they ended. */
  readonly archived: ReadonlyMap<string, string>;
}
