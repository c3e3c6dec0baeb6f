/**
 * When this cluster's own model is trained, on what, and from when on it counts: by the number of
 * completions alone, so that the same history gives the same models however fast the machine is.
 * A training that has begun goes on beside the fold; at the record where its outcome takes effect
 * the fold waits for it, if it must. What has ended meanwhile is what it is measured on.
 */
import type { ModelMetrics } from "../../core/prediction.js";
import type { Manifest } from "../../models/manifest.js";
import { parityOf } from "../../models/parity.js";
import { type BoostSettings, boostDefaults } from "../../models/pure/boost.js";
import { evaluate } from "../../models/pure/evaluate.js";
import { nextTrainingAt } from "../../models/pure/examples.js";
import { featureCount, schemaText } from "../../models/pure/features.js";
import { type Rows, sliceOf, totalOf, type Window, windowOf } from "../../models/pure/rows.js";
import type { Trained } from "../../models/pure/training.js";
import { sha256Of } from "../../models/registry.js";
import { trainInThread } from "../../models/trainer.js";
import { messageOf, type Say } from "./say.js";
import { type Measured, type ModelService, schemaSha256 } from "./service.js";

export const ownLine = "own";
export const rowsMax = 20_000;
/** Fewer tell nothing: what asks for a training is refused. */
export const rowsMin = 200;
/** Rows that a model is measured on at least. */
export const sliceMin = 50;
const sliceMax = 200;
const trainMsMax = 120_000;
const trainMemoryMiBMax = 1_024;
const parityMax = 1e-5;
const parityRows = 200;

/** A training under way, or over and waiting for its record. */
interface Training {
  /** Rows up to this number it was given. */
  readonly upTo: number;
  /** It counts when there are so many. */
  readonly effectiveAt: number;
  readonly window: Window;
  readonly rows: number;
  /** null: it has failed. */
  readonly outcome: Promise<Trained | null>;
  /** Nothing is left but to wait for its record. */
  isOver: boolean;
}

export interface Schedule {
  readonly settings: BoostSettings;
  /** File of the bundled `models/train-thread`. */
  readonly entry: string;
  /** At how many completions the last one began, or would have. */
  trainedAt: number;
  running: Training | null;
  /** One that somebody has asked for. */
  isTrainingNow: boolean;
}

export const createSchedule = (entry: string, settings = boostDefaults): Schedule => ({
  settings,
  entry,
  trainedAt: 0,
  running: null,
  isTrainingNow: false,
});

export const settingsSha256 = (settings: BoostSettings): string =>
  sha256Of(JSON.stringify({ settings, rowsMax, schemaText }));

/** After each row: begins a training where one is due, and brings in the one that is due to count. */
export async function followSchedule(
  schedule: Schedule,
  rows: Rows,
  models: ModelService,
  sequence: number,
  say: Say,
): Promise<void> {
  const total = totalOf(rows);
  const { running } = schedule;
  if (running !== null && total >= running.effectiveAt) {
    schedule.running = null;
    const trained = await running.outcome;
    if (trained !== null) await bringIn(schedule, running, trained, { rows, models, sequence });
  }
  if (schedule.running !== null || total < nextTrainingAt(schedule.trainedAt)) return;
  schedule.trainedAt = total;
  const window = windowOf(rows, 0, total);
  if (isTrainedAlready(schedule, window, models)) return;
  const slice = sliceOf(rows, 0, total);
  const begun: Training = {
    upTo: total,
    effectiveAt: total + Math.min(sliceMax, Math.max(sliceMin, Math.ceil(total / 10))),
    window,
    rows: slice.rows,
    outcome: trainOn(schedule, slice, say).finally(() => {
      begun.isOver = true;
    }),
    isOver: false,
  };
  schedule.running = begun;
}

/** Trains and proves that the model says what the trees say; null, and said, where either fails. */
export async function trainOn(
  { entry, settings }: Pick<Schedule, "entry" | "settings">,
  { rows, matrix, logMs }: { rows: number; matrix: Float32Array; logMs: Float32Array },
  say: Say,
): Promise<Trained | null> {
  const beganAtMs = performance.now();
  try {
    const trained = await trainInThread(
      { rows, matrix, logMs, settings },
      { entry, timeoutMs: trainMsMax, memoryMiBMax: trainMemoryMiBMax },
    );
    const proved = Math.min(rows, parityRows);
    const newest = matrix.subarray((rows - proved) * featureCount, rows * featureCount);
    const parity = await parityOf(trained.forest, trained.model, newest, proved);
    if (parity > parityMax) throw new Error(`model and trees differ by ${parity}`);
    say("info", "trained", { rows, wallMs: Math.round(performance.now() - beganAtMs) });
    return trained;
  } catch (error) {
    say("warn", "a training has failed", { rows, error: messageOf(error) });
    return null;
  }
}

export function manifestOf(
  { settings }: Pick<Schedule, "settings">,
  { model, forest }: Trained,
  window: Window,
  rows: number,
  entered: Manifest["entered"],
): Manifest {
  return {
    version: 1,
    line: ownLine,
    sha256: sha256Of(model),
    modelBytes: model.length,
    schemaSha256,
    features: forest.features,
    outputs: forest.targets,
    state: "candidate",
    reason: "just trained",
    origin: "history",
    licence: "",
    seed: settings.seed,
    settingsSha256: settingsSha256(settings),
    rows,
    window: { first: window.first, last: window.last },
    trainedAtMs: window.endedAtMs,
    entered,
  };
}

/** On rows from number `from` on; a text: why it cannot be. */
export async function measure(
  models: ModelService,
  version: string,
  rows: Rows,
  from: number,
): Promise<Measured | string> {
  const slice = sliceOf(rows, from, totalOf(rows));
  const metricsOf = async (of: string): Promise<ModelMetrics | string> => {
    const words = await models.wordsOf(of, slice.matrix, slice.rows);
    return typeof words === "string" ? words : evaluate(slice, words);
  };
  const offline = await metricsOf(version);
  if (typeof offline === "string") return offline;
  const active = models.lifecycle.versions.find(({ state }) => state === "active");
  const metrics = active === undefined ? "none" : await metricsOf(active.version);
  return {
    offline,
    active: typeof metrics === "string" ? null : { p50: metrics.pinball50, p90: metrics.pinball90 },
  };
}

async function bringIn(
  schedule: Schedule,
  running: Training,
  trained: Trained,
  at: { readonly rows: Rows; readonly models: ModelService; readonly sequence: number },
): Promise<void> {
  const { rows, models, sequence } = at;
  const atMs = windowOf(rows, 0, totalOf(rows)).endedAtMs;
  const entered = { sequence, atMs };
  const manifest = manifestOf(schedule, trained, running.window, running.rows, entered);
  const version = await models.add(manifest, trained.model);
  const measured = await measure(models, version, rows, running.upTo);
  await models.enterMeasured(version, measured, entered);
}

/**
 * A history that is told again trains nothing that it has trained before. What is gone from the
 * disk since stays gone: newer versions have taken its place.
 */
function isTrainedAlready(schedule: Schedule, window: Window, models: ModelService): boolean {
  const settings = settingsSha256(schedule.settings);
  return [...models.manifests.values()].some(
    (manifest) =>
      manifest.line === ownLine &&
      manifest.settingsSha256 === settings &&
      manifest.trainedAtMs >= window.endedAtMs,
  );
}
