/**
 * The files of an attempt on their way into its machine and out of it. Before the program starts its
 * launcher unpacks what comes over the port `inputs`; after one that ended with 0 the guest sends
 * what it left over the port `outputs`, and says only then how the program ended.
 */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { DriverStart } from "../../driver.js";
import { messageOf } from "../../log.js";
import type { Machine } from "./machine.js";
import { type Received, receiveOutputs } from "./receive.js";
import { tarOf } from "./tar.js";

export interface MachineData {
  /** When the machine has gone: what became of the outputs; null: there were none to send. */
  readonly received: Promise<Received | null>;
}

/** Of a guest that has begun to send and says nothing more. */
const stallLimitMs = 60_000;

export function moveData(
  start: DriverStart,
  machine: Pick<Machine, "inputs" | "outputs" | "ended" | "quit">,
  wasPaused: () => boolean,
  limitMs = stallLimitMs,
): MachineData {
  const { inputs, outputs } = machine;
  if (start.staged !== true) {
    inputs.resume();
    inputs.end();
    outputs.resume();
    return { received: Promise.resolve(null) };
  }
  inputs.resume();
  // Not closed while the machine is there: a guest's kernel may tell of that before the last bytes. Its
  // launcher knows how many there are (attempt-files.ts).
  const archive = Readable.from(tarOf(join(start.directory, "work")));
  archive.once("error", () => inputs.end()).pipe(inputs, { end: false });
  void machine.ended.then(() => {
    archive.destroy();
    inputs.destroy();
  });
  if (start.outputs === undefined || start.outputs.length === 0) {
    outputs.resume();
    return { received: Promise.resolve(null) };
  }
  const watch = setInterval(check, Math.min(limitMs, 1_000));
  let seen = 0;
  let seenAtMs = performance.now();
  function check(): void {
    const now = outputs.bytesRead;
    // The disk is what is slow then, or the machine has been held.
    const waits = outputs.readableLength >= outputs.readableHighWaterMark || wasPaused();
    if (now !== seen || now === 0 || waits) {
      seen = now;
      seenAtMs = performance.now();
    } else if (performance.now() - seenAtMs > limitMs) {
      outputs.destroy(new Error("the machine began to send its outputs, and then stopped"));
      machine.quit();
    }
  }
  let gone = false;
  void machine.ended.then(() => {
    gone = true;
    clearInterval(watch);
  });
  const received = takeIn(start, outputs, start.outputs).then((result) => {
    // Whatever else it would send or say, its outputs are not taken.
    if (result.kind === "refused" && !gone) machine.quit();
    return result;
  });
  void Promise.all([machine.ended, received]).then(() => outputs.destroy());
  return { received };
}

async function takeIn(
  { directory }: DriverStart,
  stream: Machine["outputs"],
  outputs: NonNullable<DriverStart["outputs"]>,
): Promise<Received> {
  const [work, fresh] = [join(directory, "work"), join(directory, "received")];
  try {
    const result = await receiveOutputs({ stream, directory: fresh, outputs });
    await rm(work, { recursive: true, force: true });
    if (result.kind === "whole") await rename(fresh, work);
    else await rm(fresh, { recursive: true, force: true });
    return result;
  } catch (error) {
    return { kind: "refused", message: messageOf(error) };
  }
}
