/** How each driver is put to the contract. */
import { existsSync, readdirSync } from "node:fs";
import type { DriverOptions } from "../../../core/drivers.js";
import { createCgroupManager } from "../../drivers/process/cgroup-manager.js";
import { attemptDirectory, attemptDirectoryName, digest } from "../../ipc/paths.js";
import type { DockerDaemon } from "../docker-daemon.js";
import { dockerOptions } from "../docker-options.js";
import type { Traits } from "./promise.js";

export const processTraits: Traits = {
  options: null,
  atOnce: 40,
  devices: true,
  onHost: true,
  patience: 1,
  concurrent: false,
  absentImage: null,
  processesMax: (count) => processOptions(count),
  leftOf: async ({ dataDirectory }, attempt) =>
    groupsLeft(`almanac-${digest(dataDirectory)}`, attemptDirectoryName(attempt)),
};

const processOptions = (processesMax: number): DriverOptions => ({
  kind: "process",
  user: null,
  newPrivileges: false,
  openFilesMax: null,
  fileBytesMax: null,
  processesMax,
});

export const dockerTraits = (daemon: DockerDaemon | null): Traits => ({
  ...processTraits,
  options: dockerOptions(),
  atOnce: 20,
  // Only where the daemon knows of an NVIDIA runtime (drivers/docker/gpus.test.ts).
  devices: false,
  absentImage: dockerOptions({ image: "absent:1", pull: "never" }),
  processesMax: (processesMax) => dockerOptions({ processesMax }),
  leftOf: async (_harness, attempt) =>
    ((await daemon?.containers()) ?? []).flatMap(({ Labels, Names }) =>
      Labels["almanac.attempt"] === attempt ? Names : [],
    ),
});

export const kvmTraits: Traits = {
  ...processTraits,
  atOnce: 3,
  devices: false,
  onHost: false,
  patience: 6,
  concurrent: true,
  absentImage: { kind: "kvm", image: "absent", network: "none", disk: null },
  processesMax: () => null,
  leftOf: async ({ dataDirectory }, attempt) => {
    const directory = attemptDirectory(dataDirectory, attempt);
    const files = existsSync(directory) ? readdirSync(directory) : [];
    return [
      ...groupsLeft(`almanac-kvm-${digest(dataDirectory)}`, attemptDirectoryName(attempt)),
      ...files.filter((name) => !/^std(out|err)\.\d+$/.test(name)),
    ];
  },
};

function groupsLeft(parent: string, name: string): readonly string[] {
  const found = createCgroupManager(parent)?.find(name) ?? null;
  return (found?.directories ?? []).filter((directory) => existsSync(directory));
}
