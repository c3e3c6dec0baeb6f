/** Loads the engine, once in a thread. */
import loader, { type Highs } from "highs";
import { assert } from "../../../core/result.js";

let engine: Promise<Highs> | null = null;

export function loadEngine(): Promise<Highs> {
  engine ??= load();
  return engine;
}

async function load(): Promise<Highs> {
  // The package declares the types of its CommonJS build for its ES module too, so the compiler
  // believes the function to be one level further down than it is.
  const load: unknown = loader;
  assert(typeof load === "function", "the highs package exports its loader");
  return load();
}
