/** What every part of a simulated cluster has around it. */
import type { Recorded } from "../master/pure/events.js";
import type { State } from "../master/pure/state.js";
import type { Engine } from "../master/shell/engine.js";
import type { PlannerPort } from "../master/shell/planner-port.js";
import type { MasterMessageWire, WorkerMessageWire } from "../proto/codec/services.js";
import type { Witness } from "./witness.js";
import type { SimulatedProcess } from "./world/machine.js";
import type { Network } from "./world/network.js";
import type { StreamEnd } from "./world/stream-end.js";
import type { VirtualTime } from "./world/virtual-time.js";

export interface Surroundings {
  readonly time: VirtualTime;
  /** Uniform in [0, 1), the same again for the same seed. */
  readonly random: () => number;
  readonly network: Network;
  readonly witness: Witness;
  /** What a sync of a disk takes, in milliseconds. */
  readonly syncMs: () => number;
  /** A master says that these are durable, and this is the state that has them. */
  recorded(events: readonly Recorded[], state: State): void;
  /** What a new master has read from the journal: all that was durable, and perhaps more. */
  recovered(events: readonly Recorded[], state: State): void;
  /** Once a worker forgets a report, nobody else could tell it again. */
  forgotten(attempts: readonly string[]): void;
  dialMaster(agent: SimulatedProcess): StreamEnd<MasterMessageWire, WorkerMessageWire>;
  dialPlanner(master: SimulatedProcess): PlannerPort;
  /** null: nobody leads now. */
  leader(): Leader | null;
}

export interface Leader {
  readonly process: SimulatedProcess;
  readonly engine: Engine;
}
