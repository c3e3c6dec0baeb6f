/**
 * What is served, and what would be: each task is forecast from statistics alone and once more with
 * the model of each line that is alive. The active line's word is served, statistics' where there is
 * none; how they compare decides about the lines (lifecycle). Each forecast has weights and a p90
 * correction of its own, so that a line that comes into use is calibrated already.
 */
import type { ModelWords } from "./experts.js";
import {
  activeOf,
  createLifecycle,
  type Lifecycle,
  lossOf,
  observe,
  type Proposal,
} from "./lifecycle.js";
import {
  createPredictor,
  type Forecast,
  forecast,
  learnOutcome,
  type Predictor,
} from "./predictor.js";

export interface Serving {
  readonly lifecycle: Lifecycle;
  readonly statistics: Predictor;
  readonly lines: Map<string, Predictor>;
}

/** Made when a task is predicted, and handed back when its run has succeeded. */
export interface Served {
  readonly statistics: Forecast | null;
  readonly lines: ReadonlyMap<string, Forecast>;
  /** Null where nobody knows anything. */
  readonly forecast: Forecast | null;
  /** Whose model is behind it; null: nobody's. */
  readonly version: string | null;
}

export const createServing = (): Serving => ({
  lifecycle: createLifecycle(),
  statistics: createPredictor(),
  lines: new Map(),
});

/** `words` of each version that is alive, shadow or active; `blend` as of `forecast`. */
export function serve(
  { lifecycle, statistics, lines }: Serving,
  features: Float32Array,
  groups: readonly string[],
  blend: number,
  words: ReadonlyMap<string, ModelWords>,
): Served {
  const plain = forecast(statistics, features, groups, blend, null);
  const said = new Map<string, Forecast>();
  for (const { version, line } of lifecycle.versions) {
    const own = words.get(version);
    if (own === undefined) continue;
    const made = forecast(predictorOf(lines, line), features, groups, blend, own);
    if (made !== null) said.set(line, made);
  }
  const active = activeOf(lifecycle);
  const chosen = active === undefined ? undefined : said.get(active.line);
  return {
    statistics: plain,
    lines: said,
    forecast: chosen ?? plain,
    version: chosen === undefined ? null : (active?.version ?? null),
  };
}

/** Takes in how a run came out, in place; runs in the order of their ends. */
export function learnServed(
  { lifecycle, statistics, lines }: Serving,
  made: Served,
  durationMs: number,
): Proposal | null {
  const logMs = Math.log(Math.max(1, durationMs));
  if (made.statistics !== null) learnOutcome(statistics, made.statistics, durationMs);
  for (const [line, said] of made.lines) learnOutcome(predictorOf(lines, line), said, durationMs);
  if (made.statistics === null) return null;
  return observe(lifecycle, {
    statistics: lossOf(made.statistics, logMs),
    lines: Array.from(made.lines, ([line, said]) => ({
      line,
      loss: lossOf(said, logMs),
      wasCovered: logMs <= said.logP90,
    })),
  });
}

function predictorOf(lines: Map<string, Predictor>, line: string): Predictor {
  const own = lines.get(line) ?? createPredictor();
  lines.set(line, own);
  return own;
}
