/** A thread that takes one snapshot of the journal in the directory it is given, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { nodeFileSystem } from "../journal/file-system.js";
import type { SnapshotMessage } from "./snapshots.js";
import { takeSnapshot, usableSnapshots } from "./take-snapshot.js";

const directory = String(workerData);
const taken = await takeSnapshot(nodeFileSystem, directory);
const usable = await usableSnapshots(nodeFileSystem, directory);
parentPort?.postMessage({ taken, usable } satisfies SnapshotMessage);
