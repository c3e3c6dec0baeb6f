/** What the lines of the contract know of the driver that is put to it. */
import { test } from "vitest";
import type { DriverOptions } from "../../../core/drivers.js";
import type { AttemptId } from "../../../core/ids.js";
import type { DriverHarness } from "../driver-harness.js";

/** In what drivers differ. */
export interface Traits {
  /** Of every command that has none of its own. */
  readonly options: DriverOptions | null;
  /** Attempts that the host can bear at once. */
  readonly atOnce: number;
  /** Gives devices to attempts. */
  readonly devices: boolean;
  /** Programs share the host's kernel: its limits bind them alone, and they see the attempt's files. */
  readonly onHost: boolean;
  /** How much longer than a process things may take. */
  readonly patience: number;
  /** The tests run side by side: for drivers that take long to start something. */
  readonly concurrent: boolean;
  /** With an image `absent`; null: the driver knows no images. */
  readonly absentImage: DriverOptions | null;
  readonly processesMax: (count: number) => DriverOptions | null;
  /** What is left of what the driver made for an attempt. */
  readonly leftOf: (harness: DriverHarness, attempt: AttemptId) => Promise<readonly string[]>;
}

/** What a driver does not promise is no test of it, rather than a skipped one. */
export const testIf = (promised: boolean): ((name: string, run: () => Promise<void>) => void) =>
  promised ? test : () => undefined;
