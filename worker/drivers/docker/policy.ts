/**
 * What this worker's owner lets containers have. Everything that weakens the wall between a
 * container and the node is closed unless it is opened here and asked for by the task: a refusal
 * names both settings.
 */
import { realpathSync } from "node:fs";
import { posix } from "node:path";
import type { DockerOptions, GpuAccess, Mount } from "../../../core/drivers.js";
import { fail, type Outcome, ok } from "./outcome.js";

export interface DockerPolicy {
  readonly socket: string;
  /** Directories of which tasks may mount parts, to read. */
  readonly allowedMounts: readonly string[];
  /** The same, to read and write. */
  readonly allowedWritableMounts: readonly string[];
  readonly allowedNetworks: readonly DockerOptions["network"][];
  /** Without `CAP_`. */
  readonly allowedCapabilities: readonly string[];
  readonly allowRoot: boolean;
  readonly allowWritableRoot: boolean;
  readonly allowNewPrivileges: boolean;
  /** Processes and threads of a container, at most and by default. */
  readonly processes: number;
  /** How containers come by the GPUs that they are given. */
  readonly gpus: GpuAccess;
  /** Files with registry credentials by the names that tasks call them. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** Where an attempt finds its own files in the container; its working directory lies below. */
export const containerDirectory = "/almanac";

/** A uid other than 0. A name may stand for 0 in an image, so names count as root. */
const plainUser = /^0*[1-9]\d*(:\d+)?$/;

/** The mounts with links resolved, as they are to be given to the daemon. */
export function applyPolicy(
  options: DockerOptions,
  policy: DockerPolicy,
): Outcome<readonly Mount[]> {
  const refused = loosening(options, policy);
  if (refused !== null) return fail(refused);
  const mounts: Mount[] = [];
  for (const mount of options.mounts) {
    const resolved = resolveMount(mount, policy);
    if (!resolved.ok) return resolved;
    mounts.push(resolved.value);
  }
  for (const { target } of [...options.mounts, ...options.tmpfs]) {
    const place = posix.normalize(target);
    if (place === "/" || isWithin(place, containerDirectory)) {
      return fail(`docker.mounts: ${target} is taken in the container`);
    }
  }
  return ok(mounts);
}

function loosening(options: DockerOptions, policy: DockerPolicy): string | null {
  const { user, network, processesMax, credentials } = options;
  if (user !== null && !plainUser.test(user) && !policy.allowRoot) {
    return `docker.user: ${user} is or may be root, and worker.docker.allowRoot is off; a uid above 0 is always allowed`;
  }
  if (!policy.allowedNetworks.includes(network)) {
    return `docker.network: ${network} is not among worker.docker.allowedNetworks`;
  }
  if (options.writableRoot && !policy.allowWritableRoot) {
    return "docker.writableRoot: worker.docker.allowWritableRoot is off";
  }
  if (options.newPrivileges && !policy.allowNewPrivileges) {
    return "docker.newPrivileges: worker.docker.allowNewPrivileges is off";
  }
  const capability = options.capabilities.find((one) => !policy.allowedCapabilities.includes(one));
  if (capability !== undefined) {
    return `docker.capabilities: ${capability} is not among worker.docker.allowedCapabilities`;
  }
  if (processesMax !== null && processesMax > policy.processes) {
    return `docker.processes: ${processesMax} is past worker.docker.processes, ${policy.processes}`;
  }
  if (credentials !== null && !Object.hasOwn(policy.credentials, credentials)) {
    return `docker.credentials: ${credentials} is not among worker.docker.credentials`;
  }
  return null;
}

/** By its real path: a link inside an allowed directory must not lead out of it. */
function resolveMount(mount: Mount, policy: DockerPolicy): Outcome<Mount> {
  const setting = mount.writable ? "allowedWritableMounts" : "allowedMounts";
  const allowed = mount.writable
    ? policy.allowedWritableMounts
    : [...policy.allowedMounts, ...policy.allowedWritableMounts];
  const source = realPath(mount.source);
  // The same words whether it is there or not: a task must not learn what lies on the node.
  const within = allowed.some((prefix) =>
    isWithin(source ?? mount.source, realPath(prefix) ?? prefix),
  );
  if (!within) return fail(`docker.mounts: ${mount.source} is not within worker.docker.${setting}`);
  if (source === null) return fail(`docker.mounts: ${mount.source} is not on this node`);
  return ok({ ...mount, source });
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
