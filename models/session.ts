/**
 * A model that is being served, asked in chunks, between which others have their turn. What it says
 * is checked: who says NaN, or too little, is not asked again. Brought models need onnxruntime;
 * our own are walked where there is none.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ModelFailure } from "./manifest.js";
import { columnsFor, type ModelIo, wordsFrom } from "./model-io.js";
import { createSession, floatsNamed, importRuntime, messageOf, openOwn } from "./own-model.js";
import type { ModelWords } from "./pure/experts.js";
import { featureCount } from "./pure/features.js";

/** Rows of one run: it holds its thread for so long. */
const chunkRows = 100;
/** A chunk of an honest model takes two milliseconds. */
const chunkMsMax = 500;
const slowChunksMax = 3;
/** Outputs of our own models: p50 and p90, and those of the residual. */
const ownOutputs = 4;

export interface ModelSession {
  /** Why its trees are walked; null: onnxruntime computes it. */
  readonly walkedBecause: string | null;
  /** One per row of `featureCount` numbers. Rejects with ModelFailure, for good. */
  words(matrix: Float32Array, rows: number): Promise<readonly ModelWords[]>;
  release(): Promise<void>;
}

/**
 * `io`: of a brought model; null: one of ours. `load` gives onnxruntime. Throws ModelFailure where
 * the model cannot be loaded.
 */
export async function openModel(
  model: Uint8Array,
  io: ModelIo | null,
  load = importRuntime,
): Promise<ModelSession> {
  const { ask, walkedBecause, release } =
    io === null ? await askOwn(model, load) : await askBrought(model, io, load);
  let slowChunks = 0;

  const askInTime = async (chunk: Float32Array, rows: number): Promise<ModelWords[]> => {
    const beganAtMs = performance.now();
    const words = await ask(chunk, rows);
    slowChunks = performance.now() - beganAtMs > chunkMsMax ? slowChunks + 1 : 0;
    if (slowChunks >= slowChunksMax) {
      throw new ModelFailure(`${slowChunks} times more than ${chunkMsMax} ms for ${rows} rows`);
    }
    return words;
  };

  return {
    walkedBecause,
    async words(matrix, rows) {
      const all: ModelWords[] = [];
      for (let from = 0; from < rows; from += chunkRows) {
        if (from > 0) await new Promise(setImmediate);
        const count = Math.min(chunkRows, rows - from);
        const chunk = matrix.subarray(from * featureCount, (from + count) * featureCount);
        all.push(...(await askInTime(chunk, count)));
      }
      return all;
    },
    release,
  };
}

interface Asked {
  ask(chunk: Float32Array, rows: number): Promise<ModelWords[]>;
  readonly walkedBecause: string | null;
  release(): Promise<void>;
}

async function askOwn(model: Uint8Array, load: typeof importRuntime): Promise<Asked> {
  const own = await openOwn(model, load);
  return {
    ask: async (chunk, rows) => ownWords(await own.outputs(chunk, rows), rows),
    walkedBecause: own.walkedBecause,
    release: own.release,
  };
}

async function askBrought(
  model: Uint8Array,
  io: ModelIo,
  load: typeof importRuntime,
): Promise<Asked> {
  const runtime = await load();
  const session = await createSession(runtime, model);
  const tensor = (values: Float32Array, rows: number): Tensor =>
    new runtime.Tensor("float32", values, [rows, values.length / rows]);
  return {
    async ask(chunk, rows) {
      const feeds = io.inputs.map(({ name }, at) => [
        name,
        tensor(columnsFor(io, at, chunk, rows), rows),
      ]);
      const results = await session
        .run(Object.fromEntries(feeds))
        .catch((error: unknown): never => {
          throw new ModelFailure(`the model fails: ${messageOf(error)}`);
        });
      return broughtWords(io, results, chunk, rows);
    },
    walkedBecause: null,
    release: () => session.release(),
  };
}

function ownWords(values: Float32Array, rows: number): ModelWords[] {
  if (values.length !== rows * ownOutputs) {
    throw new ModelFailure(`${values.length} outputs for ${rows} rows of ${ownOutputs}`);
  }
  return Array.from({ length: rows }, (_, row) => {
    const at = row * ownOutputs;
    const logP50 = values[at] ?? Number.NaN;
    const logP90 = values[at + 1] ?? Number.NaN;
    const residualP50 = values[at + 2] ?? Number.NaN;
    const residualP90 = values[at + 3] ?? Number.NaN;
    const words = { logP50, logP90, residualP50, residualP90 };
    if (Number.isFinite(logP50 + logP90 + residualP50)) return words;
    return finite(words, row, [logP50, logP90, residualP50]);
  });
}

function broughtWords(
  io: ModelIo,
  results: InferenceSession.ReturnType,
  chunk: Float32Array,
  rows: number,
): ModelWords[] {
  const values = io.outputs.map(({ name, column }) => {
    const all = floatsNamed(results, name);
    const width = all.length / rows;
    if (!Number.isInteger(width) || column >= width) {
      throw new ModelFailure(`output ${name}: ${all.length} numbers for ${rows} rows`);
    }
    return { all, width, column };
  });
  return Array.from({ length: rows }, (_, row) => {
    const said: number[] = [];
    const words = wordsFrom(io, chunk, row, (output) => {
      const { all, width, column } = values[output] ?? { all: [], width: 0, column: 0 };
      const value = all[row * width + column] ?? Number.NaN;
      said.push(value);
      return value;
    });
    return finite(words, row, said);
  });
}

function finite(words: ModelWords, row: number, said: readonly number[]): ModelWords {
  if (said.every(Number.isFinite)) return words;
  throw new ModelFailure(`says ${said.find((value) => !Number.isFinite(value))} of row ${row}`);
}
