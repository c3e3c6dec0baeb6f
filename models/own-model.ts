/**
 * A model of our own, computed by onnxruntime; where that cannot be loaded (no binary for this
 * platform, a broken install) or takes no session of it, by walking the trees that are read back
 * from its bytes: the same numbers, bit for bit.
 */
import type { InferenceSession } from "onnxruntime-node";
import { ModelFailure } from "./manifest.js";
import { type Forest, walk } from "./pure/forest.js";
import { inputName, outputName } from "./pure/onnx.js";
import { forestOf } from "./pure/onnx-forest.js";

export type Runtime = typeof import("onnxruntime-node");

export interface OwnModel {
  /** Why its trees are walked; null: onnxruntime computes them. */
  readonly walkedBecause: string | null;
  /** Row by row, of a matrix of rows. Rejects with ModelFailure. */
  outputs(matrix: Float32Array, rows: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Lazily: whoever lives without it need not die of it. Throws ModelFailure. */
export const importRuntime = (): Promise<Runtime> =>
  import("onnxruntime-node").catch((error: unknown): never => {
    throw new ModelFailure(`onnxruntime cannot be loaded: ${messageOf(error)}`);
  });

/** One thread: the sums come in one order, and the host's cores stay with its tasks. */
const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  // An arena keeps what the largest run has needed.
  enableCpuMemArena: false,
  logSeverityLevel: 4,
};

/** Throws ModelFailure. */
export const createSession = (runtime: Runtime, model: Uint8Array): Promise<InferenceSession> =>
  runtime.InferenceSession.create(model, sessionOptions).catch((error: unknown): never => {
    throw new ModelFailure(`the model cannot be loaded: ${messageOf(error)}`);
  });

/** Throws ModelFailure where neither can be done. */
export async function openOwn(model: Uint8Array, load = importRuntime): Promise<OwnModel> {
  try {
    const runtime = await load();
    return inRuntime(runtime, await createSession(runtime, model));
  } catch (error) {
    return walked(model, messageOf(error));
  }
}

const inRuntime = (runtime: Runtime, session: InferenceSession): OwnModel => ({
  walkedBecause: null,
  async outputs(matrix, rows) {
    const input = new runtime.Tensor("float32", matrix, [rows, matrix.length / rows]);
    const results = await session.run({ [inputName]: input }).catch((error: unknown): never => {
      throw new ModelFailure(`the model fails: ${messageOf(error)}`);
    });
    return floatsNamed(results, outputName);
  },
  release: () => session.release(),
});

function walked(model: Uint8Array, because: string): OwnModel {
  const forest = readForest(model, because);
  const { features, targets } = forest;
  return {
    walkedBecause: because,
    outputs(matrix, rows) {
      if (matrix.length !== rows * features) {
        const columns = matrix.length / rows;
        return Promise.reject(new ModelFailure(`it asks for ${features} features, not ${columns}`));
      }
      const outputs = new Float32Array(rows * targets);
      for (let row = 0; row < rows; row++) {
        const of = matrix.subarray(row * features, (row + 1) * features);
        walk(forest, of, outputs.subarray(row * targets, (row + 1) * targets));
      }
      return Promise.resolve(outputs);
    },
    release: () => Promise.resolve(),
  };
}

function readForest(model: Uint8Array, because: string): Forest {
  try {
    return forestOf(model);
  } catch (error) {
    throw new ModelFailure(`${because}; ${messageOf(error)}`);
  }
}

/** Throws ModelFailure. */
export function floatsNamed(results: InferenceSession.ReturnType, name: string): Float32Array {
  const { data } = results[name] ?? {};
  if (data instanceof Float32Array) return data;
  throw new ModelFailure(`output ${name}: ${data === undefined ? "is not there" : "not float32"}`);
}

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 500);
