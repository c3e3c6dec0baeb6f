import type { MachineNetwork } from "../../../core/drivers.js";

/** What a worker is told of machines. */
export interface KvmSettings {
  /** The image store's directory. */
  readonly images: string;
  /** Path of QEMU, or a name that is looked for in PATH. */
  readonly qemu: string;
  /** The most that tasks may ask for. */
  readonly network: MachineNetwork;
  /** Directory of the users' disks; null: there are none. */
  readonly disks: string | null;
  readonly writableDisks: boolean;
}
