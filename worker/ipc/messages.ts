/**
 * What agent and supervisor say to each other over the socket in the data directory. Both are built
 * from one source tree and start together, so the types alone are the contract; `protocolVersion`
 * catches an agent that finds the supervisor of another release.
 */
import type { AttemptId } from "../../core/ids.js";
import type { Resources } from "../../core/resources.js";
import type {
  AttemptFinished,
  AttemptStarted,
  Launch,
  LaunchRefused,
  Stop,
} from "../../core/session.js";
import type { DriverFacts, UnavailableDriver } from "../../core/worker.js";
import type { Transfer } from "../data/transfer.js";

export const protocolVersion = 5;

export type AgentToSupervisor =
  /** First on every connection; answered by `state`, or by `busy` if another agent is attached. */
  | {
      readonly kind: "attach";
      readonly version: number;
      readonly worker: string;
      readonly capacity: Resources;
      readonly throttle: number | null;
    }
  /** Answered by `state`, after all launches taken in before have become started or finished. */
  | { readonly kind: "snapshot" }
  /** The commands of one message of the master; answered by `taken` once they are durable. */
  | {
      readonly kind: "commands";
      readonly token: number;
      readonly launches: readonly Launch[];
      readonly stops: readonly Stop[];
    }
  /** Pauses an attempt or lets it go on; answered by `held`. It stays so when the agent goes. */
  | { readonly kind: "hold"; readonly attempt: AttemptId; readonly paused: boolean }
  /** A master has welcomed this worker: it fences older epochs and gives up `kill`. */
  | { readonly kind: "welcomed"; readonly epoch: number; readonly kill: readonly AttemptId[] }
  /** The master has acknowledged a sign of life sent at this instant of the monotonic clock. */
  | { readonly kind: "renew"; readonly sentAtMonotonicMs: number }
  /** The master has made these reports durable. */
  | { readonly kind: "forget"; readonly attempts: readonly AttemptId[] }
  /** A transfer has been made; with an error, in words, it cannot be. */
  | { readonly kind: "transferred"; readonly id: number; readonly error: string | null }
  /** Stop every attempt and exit. */
  | { readonly kind: "shutdown" };

export interface SupervisorState {
  readonly kind: "state";
  readonly version: number;
  readonly pid: number;
  readonly boot: string;
  readonly session: string;
  /** Identity of its ledger. */
  readonly ledger: string;
  readonly epochSeen: number;
  readonly drivers: readonly DriverFacts[];
  readonly unavailableDrivers: readonly UnavailableDriver[];
  /** What drivers found out about this node, like which accelerator machines have. */
  readonly labels: Readonly<Record<string, string>>;
  readonly live: readonly AttemptStarted[];
  /** Of the live. */
  readonly paused: readonly AttemptId[];
  readonly unacknowledged: readonly AttemptFinished[];
}

export type SupervisorToAgent =
  | SupervisorState
  | { readonly kind: "busy" }
  /** What the drivers can do has changed: the agent asks for the state anew. */
  | { readonly kind: "drivers_changed" }
  | { readonly kind: "taken"; readonly token: number }
  /** Asked again of every agent that attaches, until it has been made. */
  | { readonly kind: "transfer"; readonly transfer: Transfer }
  | { readonly kind: "cancel_transfer"; readonly id: number }
  /** An error is why it could not be done, in words for the user. */
  | {
      readonly kind: "held";
      readonly attempt: AttemptId;
      readonly paused: boolean;
      readonly error: string | null;
    }
  | { readonly kind: "started"; readonly started: AttemptStarted }
  | { readonly kind: "finished"; readonly finished: AttemptFinished }
  | { readonly kind: "refused"; readonly refused: LaunchRefused };
