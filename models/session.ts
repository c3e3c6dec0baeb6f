/**
 * A model that is being served: an ONNX session of one thread, asked in chunks, between which others
 * have their turn. What it says is checked: who says NaN, or too little, is not asked again.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ModelFailure } from "./manifest.js";
import { columnsFor, type ModelIo, wordsFrom } from "./model-io.js";
import type { ModelWords } from "./pure/experts.js";
import { featureCount } from "./pure/features.js";
import { inputName, outputName } from "./pure/onnx.js";

/** Rows of one run: it holds its thread for so long. */
const chunkRows = 100;
/** A chunk of an honest model takes two milliseconds. */
const chunkMsMax = 500;
const slowChunksMax = 3;
/** Outputs of our own models: p50 and p90, and those of the residual. */
const ownOutputs = 4;

export interface ModelSession {
  /** One per row of `featureCount` numbers. Rejects with ModelFailure, for good. */
  words(matrix: Float32Array, rows: number): Promise<readonly ModelWords[]>;
  release(): Promise<void>;
}

/** `io`: of a brought model; null: one of ours. Throws ModelFailure where it cannot be loaded. */
export async function openModel(model: Uint8Array, io: ModelIo | null): Promise<ModelSession> {
  const runtime = await import("onnxruntime-node").catch((error: unknown): never => {
    throw new ModelFailure(`onnxruntime cannot be loaded: ${messageOf(error)}`);
  });
  const session = await runtime.InferenceSession.create(model, sessionOptions).catch(
    (error: unknown): never => {
      throw new ModelFailure(`the model cannot be loaded: ${messageOf(error)}`);
    },
  );
  const tensor = (values: Float32Array, rows: number): Tensor =>
    new runtime.Tensor("float32", values, [rows, values.length / rows]);
  let slowChunks = 0;

  const ask = async (chunk: Float32Array, rows: number): Promise<ModelWords[]> => {
    const feeds = io === null ? [chunk] : io.inputs.map((_, at) => columnsFor(io, at, chunk, rows));
    const names = io === null ? [inputName] : io.inputs.map(({ name }) => name);
    const beganAtMs = performance.now();
    const results = await session
      .run(Object.fromEntries(feeds.map((values, at) => [names[at], tensor(values, rows)])))
      .catch((error: unknown): never => {
        throw new ModelFailure(`the model fails: ${messageOf(error)}`);
      });
    slowChunks = performance.now() - beganAtMs > chunkMsMax ? slowChunks + 1 : 0;
    if (slowChunks >= slowChunksMax) {
      throw new ModelFailure(`${slowChunks} times more than ${chunkMsMax} ms for ${rows} rows`);
    }
    return io === null ? ownWords(results, rows) : broughtWords(io, results, chunk, rows);
  };

  return {
    async words(matrix, rows) {
      const all: ModelWords[] = [];
      for (let from = 0; from < rows; from += chunkRows) {
        if (from > 0) await new Promise(setImmediate);
        const count = Math.min(chunkRows, rows - from);
        const chunk = matrix.subarray(from * featureCount, (from + count) * featureCount);
        all.push(...(await ask(chunk, count)));
      }
      return all;
    },
    release: () => session.release(),
  };
}

/** One thread: the sums come in one order, and the host's cores stay with its tasks. */
export const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  // An arena keeps what the largest run has needed.
  enableCpuMemArena: false,
  logSeverityLevel: 4,
};

function ownWords(results: InferenceSession.ReturnType, rows: number): ModelWords[] {
  const values = floatsOf(results, outputName);
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
    const all = floatsOf(results, name);
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

function floatsOf(results: InferenceSession.ReturnType, name: string): Float32Array {
  const { data } = results[name] ?? {};
  if (data instanceof Float32Array) return data;
  throw new ModelFailure(`output ${name}: ${data === undefined ? "is not there" : "not float32"}`);
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 500);
