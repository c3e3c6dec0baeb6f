/** What `core/check` can find wrong with a plan: a closed union, each kind with its numbers. */
import type { Plan } from "./plan.js";

/** One thing that is wrong with a plan; tasks, workers, pools and options are indices. */
export type PlanViolation =
  | { readonly kind: "wrong_length"; readonly column: keyof Plan; readonly length: number }
  | { readonly kind: "unplanned"; readonly task: number }
  | { readonly kind: "no_such_worker"; readonly task: number; readonly worker: number }
  | { readonly kind: "no_such_option"; readonly task: number; readonly option: number }
  | { readonly kind: "wrong_class"; readonly task: number; readonly worker: number }
  | { readonly kind: "wrong_worker"; readonly task: number; readonly worker: number }
  | { readonly kind: "wrong_duration"; readonly task: number; readonly duration: number }
  /** A milestone with a worker, an option, devices or a duration. */
  | { readonly kind: "milestone_occupies"; readonly task: number }
  | { readonly kind: "running_moved"; readonly task: number }
  | { readonly kind: "kept_moved"; readonly task: number }
  /** Starts before its release, or before the origin. */
  | { readonly kind: "release"; readonly task: number; readonly earliest: number }
  | { readonly kind: "horizon"; readonly task: number; readonly end: number }
  /** Ends after its hard deadline. */
  | { readonly kind: "hard_due"; readonly task: number; readonly end: number }
  /** Waits for a task that the plan leaves out. */
  | { readonly kind: "waits_for_left_out"; readonly task: number; readonly predecessor: number }
  /** Members of a gang are planned, others are not. */
  | { readonly kind: "gang_incomplete"; readonly group: number }
  | { readonly kind: "gang_apart"; readonly group: number; readonly task: number }
  /** In the domain of another member; not in that of the others. */
  | { readonly kind: "not_spread" | "not_together"; readonly group: number; readonly task: number }
  | {
      readonly kind: "precedence";
      readonly task: number;
      readonly predecessor: number;
      readonly earliest: number;
    }
  | {
      readonly kind: "capacity";
      readonly worker: number;
      readonly dimension: number;
      readonly at: number;
      readonly usage: number;
      readonly capacity: number;
    }
  | {
      readonly kind: "pool";
      readonly pool: number;
      readonly at: number;
      readonly usage: number;
      readonly capacity: number;
    }
  /** Another number of devices than the option asks for. */
  | {
      readonly kind: "device_count";
      readonly task: number;
      readonly count: number;
      readonly requested: number;
    }
  | { readonly kind: "device_missing"; readonly task: number; readonly device: number }
  | { readonly kind: "device_type"; readonly task: number; readonly device: number }
  /** The device is smaller than the request says it must be. */
  | { readonly kind: "device_too_small"; readonly task: number; readonly device: number }
  /** More than a thousand thousandths of a device in use, or more than its memory. */
  | {
      readonly kind: "device_share" | "device_memory";
      readonly worker: number;
      readonly device: number;
      readonly at: number;
      readonly usage: number;
      readonly capacity: number;
    };
