/** What the planner and its predictor, a process of its own, say to one another. */
import type { AlmanacError } from "../../core/result.js";
import type { BoostSettings } from "../../models/pure/boost.js";
import type { PredictorMethod } from "../../proto/codec/predictor-calls.js";

export type ToPredictor =
  | ({ readonly kind: "begin" } & PredictorSettings)
  | {
      readonly kind: "call";
      readonly id: number;
      readonly method: PredictorMethod;
      /** The call's message, as it came. */
      readonly request: Uint8Array;
    };

export interface PredictorSettings {
  /** Where versions of models are kept. */
  readonly directory: string;
  /** Folder of the model that is shipped; null: none. */
  readonly starter: string | null;
  readonly trainEntry: string;
  readonly validateEntry: string;
  /** Absent: as it is shipped. */
  readonly training?: BoostSettings;
}

export type FromPredictor =
  /** Each second: it is not stuck. */
  | { readonly kind: "alive" }
  | { readonly kind: "answer"; readonly id: number; readonly reply: Uint8Array }
  | { readonly kind: "failure"; readonly id: number; readonly error: AlmanacError }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly message: string;
      readonly facts: object;
    };

export const aliveEveryMs = 1_000;
