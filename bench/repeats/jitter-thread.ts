/**
 * The solver thread, slow at moments that nobody can foresee: before and after each message, and
 * whenever an engine asks whether it is interrupted. Whatever a plan owes to timing shows here.
 */
import { parentPort } from "node:worker_threads";
import { assert } from "../../core/result.js";

const port = parentPort;
assert(port !== null, "a solver thread has a parent");

const delayMsMax = 12;
/** Of so many questions for an interrupt one waits. */
const questionsPerDelay = 500;
/** Some threads are slower than others for as long as they live. */
const slowness = Math.random();

const cell = new Int32Array(new SharedArrayBuffer(4));
const waitAWhile = (msMax: number): void => {
  if (Math.random() < 0.7) Atomics.wait(cell, 0, 0, Math.random() * msMax * slowness);
};

const replace = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true });
};

const post = port.postMessage.bind(port);
replace(port, "postMessage", (message: unknown) => {
  waitAWhile(delayMsMax);
  post(message);
});
const listen = port.on.bind(port);
replace(port, "on", (event: string, listener: (message: unknown) => void) =>
  listen(event, (message: unknown) => {
    waitAWhile(delayMsMax);
    listener(message);
  }),
);
const load = Atomics.load.bind(Atomics);
replace(Atomics, "load", (array: Int32Array, index: number) => {
  if (Math.random() * questionsPerDelay < 1) waitAWhile(1);
  return load(array, index);
});

await import("../../planner/solver-thread.js");
