/**
 * A brought model on trial, in a process that may be lost by it: looked into, loaded, and asked a
 * thousand rows, ordinary ones, ones with holes and extreme ones.
 */
import { seededRandom } from "../../core/random.js";
import { ModelFailure } from "../manifest.js";
import type { ModelIo } from "../model-io.js";
import type { ModelWords } from "../pure/experts.js";
import { featureCount, featureNames } from "../pure/features.js";
import { objectionTo } from "../pure/onnx-inspect.js";
import { openModel } from "../session.js";

export interface Trial {
  readonly model: Uint8Array;
  readonly io: ModelIo;
}

export interface TrialReport {
  readonly rows: number;
  /** Of all the rows together, after a first few. */
  readonly wallMs: number;
}

const rows = 1_000;
/** What a thousand rows may take: they are asked for while a plan waits. */
const wallMsMax = 500;
/** Between a microsecond and a century, in logarithms of milliseconds. */
const logMin = Math.log(1e-3);
const logMax = Math.log(100 * 365 * 86_400_000);

/** Throws ModelFailure that says what the model may not be, or does wrong. */
export async function tryModel({ model, io }: Trial): Promise<TrialReport> {
  const objection = inspect(model);
  if (objection !== null) throw new ModelFailure(objection);
  const session = await openModel(model, io);
  try {
    const matrix = trialRows();
    await session.words(matrix, 10);
    const beganAtMs = performance.now();
    const words = await session.words(matrix, rows);
    const wallMs = performance.now() - beganAtMs;
    if (wallMs > wallMsMax) {
      const said = `${Math.round(wallMs)} ms for ${rows} rows`;
      throw new ModelFailure(`too slow: ${said}, at most ${wallMsMax}`);
    }
    words.forEach(checkBounds);
    return { rows, wallMs };
  } finally {
    await session.release();
  }
}

function inspect(model: Uint8Array): string | null {
  try {
    return objectionTo(model);
  } catch (error) {
    throw new ModelFailure(error instanceof Error ? error.message : String(error));
  }
}

/** Only of ordinary rows: what is extreme is held near the statistics when it is served. */
function checkBounds({ logP50, logP90 }: ModelWords, row: number): void {
  if (kindOf(row) !== "ordinary") return;
  for (const [name, log] of Object.entries({ p50: logP50, p90: logP90 })) {
    if (Number.isNaN(log) || (log >= logMin && log <= logMax)) continue;
    const bounds = `${logMin.toFixed(1)} to ${logMax.toFixed(1)}`;
    throw new ModelFailure(`${name} of an ordinary row is ${log} (log of ms): expected ${bounds}`);
  }
}

/** Half of the rows are ordinary, a quarter have holes, a quarter are extreme. */
const kindOf = (row: number): "ordinary" | "holes" | "extreme" =>
  row % 4 < 2 ? "ordinary" : row % 4 === 2 ? "holes" : "extreme";

const extremes = [0, 1, -1, 1e6, -1e6, 1e9, -1e9];

function trialRows(): Float32Array {
  const random = seededRandom(1);
  const matrix = new Float32Array(rows * featureCount);
  for (let row = 0; row < rows; row++) {
    const kind = kindOf(row);
    const holes = random();
    featureNames.forEach((name, place) => {
      const value = random();
      const ordinary = name.startsWith("log_") ? 4 + 12 * value : value;
      const extreme = extremes[Math.floor(value * extremes.length)] ?? 0;
      const isHole = kind === "holes" && random() < holes;
      matrix[row * featureCount + place] = isHole
        ? Number.NaN
        : kind === "extreme"
          ? extreme
          : ordinary;
    });
  }
  // One of which nothing at all is known.
  matrix.fill(Number.NaN, 2 * featureCount, 3 * featureCount);
  return matrix;
}
