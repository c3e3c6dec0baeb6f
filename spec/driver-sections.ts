/** The sections `process`, `docker` and `kvm` of a task: what it asks of its driver. */
import { z } from "zod";
import {
  containerNetworks,
  type DriverName,
  type DriverOptions,
  machineNetworks,
  pullPolicies,
} from "../core/drivers.js";
import { driverLimits } from "../core/validate-driver.js";
import { bytes, closed, flag, text, whole } from "./fields.js";

const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: `must be one of ${words.join(", ")}` });

const processes = whole(1, driverLimits.processes)
  .optional()
  .describe("Processes that may be alive at once.");
const newPrivileges = flag
  .optional()
  .describe("Programs may gain privileges that their user has not. Default false.");

const processSection = closed({
  user: text("a user").optional().describe("User to run as, where the worker allows it."),
  newPrivileges,
  openFiles: whole(1, driverLimits.openFiles).optional().describe("Files open at once."),
  fileSize: bytes(1).optional().describe("Largest file that may be written."),
  processes,
}).describe("For the process driver.");

const mount = closed({
  source: text("a path on the node").describe("Absolute path that the worker allows."),
  target: text("a path in the container").describe("Absolute path."),
  writable: flag.optional().describe("Default false."),
});

const tmpfs = closed({
  target: text("a path in the container").describe("Absolute path."),
  size: bytes(1).describe("Limit: 64Mi."),
});

const dockerSection = closed({
  image: text("an image").optional().describe("`name:tag` or `name@sha256:…`."),
  pull: oneOf(pullPolicies).optional().describe("missing (default), always or never."),
  credentials: text("a name").optional().describe("Registry credentials that the worker keeps."),
  user: text("a user").optional().describe("uid, uid:gid or a name. Default 65534:65534."),
  network: oneOf(containerNetworks).optional().describe("none (default), bridge or host."),
  writableRoot: flag.optional().describe("The image's files may be changed. Default false."),
  newPrivileges,
  capabilities: z
    .array(text("a capability"), { error: "must be a list like [NET_RAW]" })
    .optional()
    .describe("Capabilities to add; there are none otherwise."),
  mounts: z
    .array(mount, { error: "must be a list of {source, target, writable}" })
    .optional()
    .describe("Directories of the node."),
  tmpfs: z
    .array(tmpfs, { error: "must be a list of {target, size}" })
    .optional()
    .describe("Directories in memory, writable."),
  processes,
}).describe("For the docker driver.");

const kvmSection = closed({
  image: text("an image").optional().describe("Name in the worker's image store."),
  network: oneOf(machineNetworks).optional().describe("none (default) or user."),
  disk: closed({
    name: text("a file name").describe("A file in the worker's directory of disks: data.qcow2."),
    writable: flag.optional().describe("Written to, and nobody else's meanwhile. Default false."),
  })
    .optional()
    .describe("A disk of the user's, beside the image."),
}).describe("For the kvm driver.");

export const driverSections = {
  process: processSection.optional(),
  docker: dockerSection.optional(),
  kvm: kvmSection.optional(),
};

export interface Sections {
  readonly driver?: DriverName | undefined;
  readonly process?: z.output<typeof processSection> | undefined;
  readonly docker?: z.output<typeof dockerSection> | undefined;
  readonly kvm?: z.output<typeof kvmSection> | undefined;
}

/** The driver that is named, or whose section is there; a task's own word before the defaults'. */
export function driverOf(own: Sections, base: Sections): DriverName {
  return own.driver ?? sectionOf(own) ?? base.driver ?? sectionOf(base) ?? "process";
}

const sectionOf = ({ process, docker, kvm }: Sections): DriverName | undefined => {
  if (docker !== undefined) return "docker";
  if (kvm !== undefined) return "kvm";
  return process === undefined ? undefined : "process";
};

/** A task's section over the defaults'; null where neither says anything. */
export function optionsOf(driver: DriverName, own: Sections, base: Sections): DriverOptions | null {
  if (own[driver] === undefined && base[driver] === undefined) return null;
  if (driver === "process") {
    const section = { ...base.process, ...own.process };
    return {
      kind: "process",
      user: section.user ?? null,
      newPrivileges: section.newPrivileges ?? false,
      openFilesMax: section.openFiles ?? null,
      fileBytesMax: section.fileSize ?? null,
      processesMax: section.processes ?? null,
    };
  }
  if (driver === "kvm") {
    const section = { ...base.kvm, ...own.kvm };
    const { image = "default", network = "none", disk } = section;
    return {
      kind: "kvm",
      image,
      network,
      disk: disk === undefined ? null : { name: disk.name, writable: disk.writable ?? false },
    };
  }
  const section = { ...base.docker, ...own.docker };
  return {
    kind: "docker",
    image: section.image ?? "",
    pull: section.pull ?? "missing",
    credentials: section.credentials ?? null,
    user: section.user ?? null,
    network: section.network ?? "none",
    writableRoot: section.writableRoot ?? false,
    newPrivileges: section.newPrivileges ?? false,
    capabilities: section.capabilities ?? [],
    mounts: (section.mounts ?? []).map((m) => ({ ...m, writable: m.writable ?? false })),
    tmpfs: (section.tmpfs ?? []).map(({ target, size }) => ({ target, bytes: size })),
    processesMax: section.processes ?? null,
  };
}
