/** Whether what a task asks of its driver makes sense; what a worker allows is the worker's word. */
import type {
  DockerOptions,
  DriverName,
  DriverOptions,
  KvmOptions,
  ProcessOptions,
} from "./drivers.js";
import { amountMax, isPositive, type Violations } from "./violations.js";

export const driverLimits = {
  nameLength: 256,
  mounts: 32,
  capabilities: 64,
  pathLength: 4_096,
  processes: 4_194_304,
  openFiles: 1_048_576,
} as const;

const imagePattern = /^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/;
const diskPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*\.(qcow2|raw|img)$/;
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;
const capabilityPattern = /^[A-Z][A-Z_]*$/;

/** `at`: path of the command, below which the options stand. */
export function validateDriver(
  driver: DriverName,
  options: DriverOptions | null,
  at: string,
  found: Violations,
): void {
  if (options === null) {
    if (driver !== "process") found.add(`${at}.${driver}`, `driver ${driver} needs an image`);
    return;
  }
  if (options.kind !== driver) {
    found.add(`${at}.${options.kind}`, `is for driver ${options.kind}, the task's is ${driver}`);
    return;
  }
  if (options.kind === "process") validateProcess(options, `${at}.process`, found);
  else if (options.kind === "docker") validateDocker(options, `${at}.docker`, found);
  else validateKvm(options, `${at}.kvm`, found);
}

function validateProcess(options: ProcessOptions, at: string, found: Violations): void {
  validateUser(options.user, `${at}.user`, found);
  validateCount(options.openFilesMax, driverLimits.openFiles, `${at}.openFilesMax`, found);
  validateCount(options.fileBytesMax, amountMax, `${at}.fileBytesMax`, found);
  validateCount(options.processesMax, driverLimits.processes, `${at}.processesMax`, found);
}

function validateDocker(options: DockerOptions, at: string, found: Violations): void {
  validateImage(options.image, `${at}.image`, found);
  validateUser(options.user, `${at}.user`, found);
  validateCount(options.processesMax, driverLimits.processes, `${at}.processesMax`, found);
  if (options.capabilities.length > driverLimits.capabilities) {
    const { capabilities } = options;
    found.limit(
      `${at}.capabilities`,
      "capabilities",
      capabilities.length,
      driverLimits.capabilities,
    );
  }
  options.capabilities.forEach((name, i) => {
    if (!capabilityPattern.test(name)) {
      found.add(`${at}.capabilities[${i}]`, "must be a capability without CAP_, like NET_RAW");
    }
  });
  const mounted = options.mounts.length + options.tmpfs.length;
  if (mounted > driverLimits.mounts) {
    found.limit(`${at}.mounts`, "mounts", mounted, driverLimits.mounts);
  }
  options.mounts.forEach((mount, i) => {
    validatePath(mount.source, `${at}.mounts[${i}].source`, found);
    validatePath(mount.target, `${at}.mounts[${i}].target`, found);
  });
  options.tmpfs.forEach((mount, i) => {
    validatePath(mount.target, `${at}.tmpfs[${i}].target`, found);
    validateCount(mount.bytes, amountMax, `${at}.tmpfs[${i}].bytes`, found);
  });
}

function validateKvm(options: KvmOptions, at: string, found: Violations): void {
  validateImage(options.image, `${at}.image`, found);
  const name = options.disk?.name ?? null;
  if (name === null) return;
  if (name.length > driverLimits.nameLength) {
    found.limit(`${at}.disk.name`, "characters", name.length, driverLimits.nameLength);
  } else if (!diskPattern.test(name)) {
    found.add(`${at}.disk.name`, "must be a file name that ends in .qcow2, .raw or .img");
  }
}

function validateImage(image: string, at: string, found: Violations): void {
  if (image.length > driverLimits.nameLength) {
    found.limit(at, "characters", image.length, driverLimits.nameLength);
  } else if (!imagePattern.test(image)) {
    found.add(at, "must be the name of an image, like busybox:1.36");
  }
}

function validateUser(user: string | null, at: string, found: Violations): void {
  if (user !== null && (user.length > driverLimits.nameLength || !userPattern.test(user))) {
    found.add(at, "must be a user, or user:group, by name or number");
  }
}

function validatePath(path: string, at: string, found: Violations): void {
  const climbs = path.split("/").includes("..");
  if (!path.startsWith("/") || path.length > driverLimits.pathLength || climbs) {
    found.add(at, "must be an absolute path without `..`");
  }
  found.noNul(at, path);
}

function validateCount(value: number | null, max: number, at: string, found: Violations): void {
  if (value !== null && !isPositive(value, max)) {
    found.add(at, `must be a whole number from 1 to ${max}`, max);
  }
}
