/** A thread that takes one snapshot of the journal in the directory it is given, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { nodeFileSystem } from "../journal/file-system.js";
import { takeSnapshot } from "./take-snapshot.js";

parentPort?.postMessage(await takeSnapshot(nodeFileSystem, String(workerData)));
