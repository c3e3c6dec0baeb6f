/** Where models stand in their lives: as people are shown it, and as their manifests say it. */
import type { ModelMetrics, ModelView } from "../../core/prediction.js";
import type { Manifest } from "../../models/manifest.js";
import type { Lifecycle } from "../../models/pure/lifecycle.js";

/** Retired versions that stay on disk. */
const retiredKept = 5;

/** What is shipped comes back at each start, so it is not removed. */
const starterLine = "starter";

/** `broken`: why it is not asked any more; null: it is, if its state says so. */
export function viewOf(
  version: string,
  manifest: Manifest,
  { versions, lines, pinned }: Lifecycle,
  broken: string | null,
): ModelView {
  const known = versions.find((one) => one.version === version);
  const untold = manifest.state === "retired" ? manifest : notTold;
  const line = lines.find((one) => one.line === manifest.line);
  const isJudged = known?.state === "active" || known?.state === "shadow";
  return {
    version,
    sha256: manifest.sha256,
    state: known?.state ?? untold.state,
    origin: manifest.origin,
    licence: manifest.licence,
    modelBytes: manifest.modelBytes,
    features: manifest.features,
    rows: manifest.rows,
    seed: manifest.seed,
    trainedAtMs: manifest.trainedAtMs,
    offline: manifest.offline ?? null,
    live: isJudged && line !== undefined && line.runs > 0 ? liveOf(line) : null,
    pinned: pinned === version,
    reason: broken === null ? (known?.because ?? untold.reason) : `out of service: ${broken}`,
  };
}

/** Manifests whose state is no longer what they say, and versions that are kept no longer. */
export function statesToWrite(
  { versions }: Lifecycle,
  manifests: ReadonlyMap<string, Manifest>,
): {
  readonly gone: readonly string[];
  readonly changed: readonly (readonly [string, Manifest])[];
} {
  const retired = versions.filter(({ state }) => state === "retired");
  const kept = new Set(retired.slice(-retiredKept).map(({ version }) => version));
  const gone: string[] = [];
  const changed: [string, Manifest][] = [];
  for (const { version, state, because } of versions) {
    const manifest = manifests.get(version);
    if (manifest === undefined) continue;
    const isShipped = manifest.line === starterLine;
    if (state === "retired" && !kept.has(version) && !isShipped) gone.push(version);
    else if (manifest.state !== state || manifest.reason !== because) {
      changed.push([version, { ...manifest, state, reason: because }]);
    }
  }
  return { gone, changed };
}

const notTold = {
  state: "candidate",
  reason: "waits until enough is known to measure it",
} as const;

const liveOf = (line: Lifecycle["lines"][number]): ModelMetrics => ({
  rows: line.runs,
  // The pinball loss of a median is half its absolute error.
  meanLogError: 2 * line.loss.p50,
  pinball50: line.loss.p50,
  pinball90: line.loss.p90,
  coverage90: Math.min(1, Math.max(0, line.covered)),
  statisticsMeanLogError: 2 * line.statistics.p50,
  statisticsPinball50: line.statistics.p50,
  statisticsPinball90: line.statistics.p90,
});
