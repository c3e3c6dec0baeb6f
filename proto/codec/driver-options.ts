/** What a task asks of its driver. Limits and sense are checked by core/validate-driver. */
import {
  containerNetworks,
  type DockerOptions,
  type DriverOptions,
  type KvmOptions,
  machineNetworks,
  pullPolicies,
} from "../../core/drivers.js";
import type * as wire from "../gen/almanac/v1/job.js";
import { child, integer, integerOrNull, list, literal, type Scope } from "./decoding.js";

type WireOptions = wire.Command["options"];

export function encodeOptions(options: DriverOptions | null): WireOptions {
  switch (options?.kind) {
    case undefined:
      return undefined;
    case "process": {
      const { user, newPrivileges, openFilesMax, fileBytesMax, processesMax } = options;
      const value = {
        user: user ?? undefined,
        newPrivileges,
        openFilesMax: openFilesMax ?? undefined,
        fileBytesMax: fileBytesMax ?? undefined,
        processesMax: processesMax ?? undefined,
      };
      return { $case: "process", value };
    }
    case "docker":
      return { $case: "docker", value: encodeDocker(options) };
    case "kvm":
      return { $case: "kvm", value: encodeKvm(options) };
  }
}

const encodeKvm = ({ image, network, disk }: KvmOptions): wire.KvmOptions => ({
  image,
  network,
  disk: disk === null ? undefined : { ...disk },
});

const encodeDocker = (options: DockerOptions): wire.DockerOptions => ({
  image: options.image,
  pull: options.pull,
  credentials: options.credentials ?? undefined,
  user: options.user ?? undefined,
  network: options.network,
  writableRoot: options.writableRoot,
  newPrivileges: options.newPrivileges,
  capabilities: [...options.capabilities],
  mounts: options.mounts.map((mount) => ({ ...mount })),
  tmpfs: options.tmpfs.map((mount) => ({ ...mount })),
  processesMax: options.processesMax ?? undefined,
});

export function decodeOptions(scope: Scope, options: WireOptions): DriverOptions | null {
  switch (options?.$case) {
    case undefined:
      return null;
    case "process": {
      const { value } = options;
      const at = child(scope, "process");
      return {
        kind: "process",
        user: value.user ?? null,
        newPrivileges: value.newPrivileges,
        openFilesMax: integerOrNull(at, "openFilesMax", value.openFilesMax),
        fileBytesMax: integerOrNull(at, "fileBytesMax", value.fileBytesMax),
        processesMax: integerOrNull(at, "processesMax", value.processesMax),
      };
    }
    case "docker":
      return decodeDocker(child(scope, "docker"), options.value);
    case "kvm": {
      const at = child(scope, "kvm");
      const { image, disk } = options.value;
      const network = literal(at, "network", options.value.network, machineNetworks);
      return { kind: "kvm", image, network, disk: disk === undefined ? null : { ...disk } };
    }
  }
}

const decodeDocker = (scope: Scope, message: wire.DockerOptions): DockerOptions => ({
  kind: "docker",
  image: message.image,
  pull: literal(scope, "pull", message.pull, pullPolicies),
  credentials: message.credentials ?? null,
  user: message.user ?? null,
  network: literal(scope, "network", message.network, containerNetworks),
  writableRoot: message.writableRoot,
  newPrivileges: message.newPrivileges,
  capabilities: message.capabilities,
  mounts: list(scope, "mounts", message.mounts, (_, mount) => ({ ...mount })),
  tmpfs: list(scope, "tmpfs", message.tmpfs, (at, { target, bytes }) => ({
    target,
    bytes: integer(at, "bytes", bytes),
  })),
  processesMax: integerOrNull(scope, "processesMax", message.processesMax),
});
