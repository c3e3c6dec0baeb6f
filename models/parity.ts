/**
 * Whether an ONNX model gives what the walker in `pure/forest` gives of the trees that it was made
 * of: nothing is served that two evaluations of it disagree about.
 */
import { importRuntime, openOwn } from "./own-model.js";
import { type Forest, walk } from "./pure/forest.js";

/** The largest difference over `rows` rows of `matrix`, relative to 1 or to the larger value. */
export async function parityOf(
  forest: Forest,
  model: Uint8Array,
  matrix: Float32Array,
  rows: number,
  load = importRuntime,
): Promise<number> {
  const { features, targets } = forest;
  const own = await openOwn(model, load);
  try {
    const data = await own.outputs(matrix.subarray(0, rows * features), rows);
    if (data.length !== rows * targets) return Number.POSITIVE_INFINITY;
    const ours = new Float32Array(targets);
    let worst = 0;
    for (let row = 0; row < rows; row++) {
      walk(forest, matrix.subarray(row * features, (row + 1) * features), ours);
      for (let target = 0; target < targets; target++) {
        const [a, b] = [ours[target] ?? 0, data[row * targets + target] ?? Number.NaN];
        const difference = Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
        worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
      }
    }
    return worst;
  } finally {
    await own.release();
  }
}
