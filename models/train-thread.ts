/** Entry of the training thread: one request, one answer, and it ends. */
import { parentPort } from "node:worker_threads";
import { assert } from "../core/result.js";
import { type TrainingRequest, train } from "./pure/training.js";

const port = parentPort;
assert(port !== null, "a training thread has a parent");
port.once("message", (request: TrainingRequest) => {
  port.postMessage(train(request));
  port.close();
});
