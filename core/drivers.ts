/**
 * What a task may ask of its driver beyond program and resources. Secure by default: each loosening
 * is named here by the task, and counts only where the worker's own policy allows it.
 */
export const driverNames = ["process", "docker", "kvm"] as const;
export type DriverName = (typeof driverNames)[number];

export type DriverOptions = ProcessOptions | DockerOptions | KvmOptions;

export interface ProcessOptions {
  readonly kind: "process";
  /** Name or uid to run as, where the worker's policy allows it; null: the worker's own user. */
  readonly user: string | null;
  /** Programs may gain privileges (setuid) that their user has not. */
  readonly newPrivileges: boolean;
  /** null: the driver's default. */
  readonly openFilesMax: number | null;
  /** Largest file the task may write; null: no limit. */
  readonly fileBytesMax: number | null;
  readonly processesMax: number | null;
}

export const pullPolicies = ["missing", "always", "never"] as const;
export const containerNetworks = ["none", "bridge", "host"] as const;

/**
 * `requests`: by device requests, as `docker run --gpus` makes them. `runtime`: the daemon's runtime
 * `nvidia` gives what NVIDIA_VISIBLE_DEVICES names. `none`: containers get no GPUs here.
 */
export const gpuAccesses = ["requests", "runtime", "none"] as const;
export type GpuAccess = (typeof gpuAccesses)[number];

export interface DockerOptions {
  readonly kind: "docker";
  /** `name:tag` or `name@sha256:…`. */
  readonly image: string;
  readonly pull: (typeof pullPolicies)[number];
  /** Name under which the worker keeps registry credentials; null: none. */
  readonly credentials: string | null;
  /** `uid`, `uid:gid` or a name in the image; null: 65534:65534 (nobody). */
  readonly user: string | null;
  readonly network: (typeof containerNetworks)[number];
  readonly writableRoot: boolean;
  readonly newPrivileges: boolean;
  /** Capabilities added to none, without `CAP_`: `NET_BIND_SERVICE`. */
  readonly capabilities: readonly string[];
  /** Directories of the node, allow-listed by the worker. */
  readonly mounts: readonly Mount[];
  readonly tmpfs: readonly Tmpfs[];
  readonly processesMax: number | null;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
}

export interface Tmpfs {
  readonly target: string;
  readonly bytes: number;
}

export const machineNetworks = ["none", "user"] as const;
export type MachineNetwork = (typeof machineNetworks)[number];

export interface KvmOptions {
  readonly kind: "kvm";
  /** Name in the worker's image store: a kernel with an initramfs, or a disk. */
  readonly image: string;
  readonly network: MachineNetwork;
  /** A disk of the user's, beside the image; null: none. */
  readonly disk: MachineDisk | null;
}

export interface MachineDisk {
  /** A file's name in the worker's directory of disks: `data.qcow2`, `data.raw`. */
  readonly name: string;
  /** Then nobody else has it meanwhile. */
  readonly writable: boolean;
}
