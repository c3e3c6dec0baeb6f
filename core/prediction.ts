/**
 * The conversation between the master and the planner's predictor, as both houses see it;
 * proto/codec/prediction puts it on the wire.
 *
 * The master tells a history: records in order of their sequence, each taken once. The predictor
 * folds them, and answers with the estimates that have changed by it and with what it would rather
 * serve. A predictor that comes back without its memory is told again. The same records and the same
 * models give the same estimates.
 */
import type { Resources } from "./resources.js";
import type { Estimate } from "./views.js";

/** What is known of tasks that are alike before they run: one way of one template in one job. */
export interface EstimateSubject {
  /** Names it in the conversation; empty for what is asked in passing. */
  readonly key: string;
  /** From the most to the least specific group of like tasks; each a stable text. */
  readonly groups: readonly string[];
  readonly resources: Resources;
  /** Of the worker that the estimate is for; 1 in a history. */
  readonly workerSpeed: number;
  readonly submittedAtMs: number;
  /** null: none. */
  readonly timeoutMs: number | null;
  /** What the user says of tasks like it; null: nothing. */
  readonly userEstimateMs: number | null;
  readonly priority: number;
  /** Of one task's declared inputs; null: not known. */
  readonly inputBytes: number | null;
  readonly inputFiles: number;
  /** Empty: none. */
  readonly image: string;
  readonly principal: string;
}

export interface Completion {
  /** Of the subject that it was foreseen as. */
  readonly key: string;
  /** Its groups, for a predictor that was never told of the subject. */
  readonly groups: readonly string[];
  /** On a worker of `workerSpeed`, without pauses. */
  readonly durationMs: number;
  readonly workerSpeed: number;
  /** Failed runs are not labels for durations. */
  readonly succeeded: boolean;
  /** The estimate that held when the journal stood here is the one that is judged. */
  readonly launchedSequence: number;
  readonly endedAtMs: number;
  /** null: not measured. */
  readonly peakMemoryBytes: number | null;
}

/** What the cluster has decided to serve, from here on. */
export interface ModelChoice {
  /** Of the model's bytes; null: none is served. */
  readonly sha256: string | null;
  /** By a person: it is neither replaced nor taken away by what it loses. */
  readonly pinned: boolean;
}

export interface HistoryRecord {
  /** Of the journal's event, or before all of those: a record is taken once. */
  readonly sequence: number;
  readonly what:
    | { readonly kind: "foreseen"; readonly subject: EstimateSubject }
    | { readonly kind: "ended"; readonly run: Completion }
    | { readonly kind: "chosen"; readonly choice: ModelChoice };
}

export interface HistoryAnswer {
  /** Highest sequence taken in. */
  readonly sequence: number;
  /** Estimates that have changed by what was taken in, at speed 1. */
  readonly revised: readonly RevisedEstimate[];
  /** What the predictor would serve instead; null: it is content. */
  readonly proposal: ModelProposal | null;
}

export interface RevisedEstimate {
  readonly key: string;
  readonly estimate: Estimate;
}

export interface ModelProposal {
  /** null: none. */
  readonly sha256: string | null;
  /** Empty where no model is proposed. */
  readonly version: string;
  readonly reason: string;
}

/** Where a model stands on its way into use, and out of it. */
export const modelStates = ["candidate", "shadow", "active", "retired"] as const;
export type ModelState = (typeof modelStates)[number];

/** From what: the history of this cluster, `synthetic` workloads, or brought by somebody. */
export const modelOrigins = ["history", "synthetic", "brought"] as const;
export type ModelOrigin = (typeof modelOrigins)[number];

/** Beside those of the statistics on the same runs. Losses are of natural logarithms. */
export interface ModelMetrics {
  readonly rows: number;
  readonly meanLogError: number;
  readonly pinball50: number;
  readonly pinball90: number;
  /** Share of runs that took at most p90. */
  readonly coverage90: number;
  readonly statisticsMeanLogError: number;
  readonly statisticsPinball50: number;
  readonly statisticsPinball90: number;
}

export interface ModelView {
  readonly version: string;
  readonly sha256: string;
  readonly state: ModelState;
  readonly origin: ModelOrigin;
  /** Empty: nothing was said. */
  readonly licence: string;
  readonly modelBytes: number;
  readonly features: number;
  readonly rows: number;
  readonly seed: number;
  /** 0: before this cluster was. */
  readonly trainedAtMs: number;
  /** On the last slice of its training, which it had not seen; null: not measured. */
  readonly offline: ModelMetrics | null;
  /** On what has ended while it was in shadow or active; null: nothing yet. */
  readonly live: ModelMetrics | null;
  readonly pinned: boolean;
  /** Why it is in that state, in words. */
  readonly reason: string;
}

export interface ModelList {
  readonly models: readonly ModelView[];
  /** Successful completions that a training may use so far, and at how many the next one begins. */
  readonly completions: number;
  readonly nextTrainingAt: number;
  /** One runs now. */
  readonly training: boolean;
  /** Chosen, but not with this planner: statistics alone are served. The master says so. */
  readonly absent: AbsentModel | null;
}

export interface AbsentModel {
  /** As the planner calls it that had it. */
  readonly version: string;
  readonly sha256: string;
}

export interface ModelEvaluation {
  readonly model: ModelView;
  /** On the newest completions that the predictor remembers. */
  readonly metrics: ModelMetrics;
}

/** A model that somebody has made elsewhere. */
export interface BroughtModel {
  readonly model: Uint8Array;
  /** JSON: its licence, and which of its inputs are which features (docs/predictor.md). */
  readonly manifest: string;
}

/** What a history and a brought model may be at most. */
export const predictionLimits = {
  recordsPerRequest: 1_000,
  subjectsPerRequest: 1_000,
  groupsPerSubject: 8,
  groupLength: 512,
  modelBytes: 64 * 1024 * 1024,
  manifestBytes: 64 * 1024,
} as const;
