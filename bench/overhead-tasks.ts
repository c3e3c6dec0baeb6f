/** Tasks that say when they run, in the words that each driver's world has for it. */
import { readFileSync, statSync } from "node:fs";
import type { DriverName, DriverOptions } from "../core/drivers.js";
import type { TaskTemplate } from "../core/job.js";
import { noResources } from "../core/resources.js";
import { attemptDirectory } from "../worker/ipc/paths.js";
import { segmentPath } from "../worker/logs/segments.js";
import { dockerOptions } from "../worker/testing/docker-options.js";
import { argv, benchTemplate } from "./jobs.js";

const mebibyte = 2 ** 20;

const options: Readonly<Record<DriverName, DriverOptions | null>> = {
  process: null,
  docker: dockerOptions(),
  kvm: { kind: "kvm", image: "default", network: "none", disk: null },
};

/** What it takes from start to end by itself, so that the two can be told apart. */
const workS = 0.05;

/**
 * Of a process, its own clock. Containers and machines have none that is as fine and the same: there
 * it is when their words reached the worker's disk.
 */
const scripts: Readonly<Record<DriverName, readonly [shell: string, script: string]>> = {
  process: ["/bin/bash", `echo $EPOCHREALTIME >&2; sleep ${workS}; echo $EPOCHREALTIME`],
  docker: ["/bin/sh", `echo begun >&2; sleep ${workS}; echo ended`],
  kvm: ["/bin/sh", `echo begun >&2; sleep ${workS}; echo ended`],
};

export function speakingTask(driver: DriverName): TaskTemplate {
  const [shell, script] = scripts[driver];
  const template = benchTemplate({ kind: "script", shell: [shell], script }, workS * 1_000);
  return {
    ...template,
    driver,
    command: { ...template.command, options: options[driver] },
    resources: { ...noResources, cpuMillis: 1_000, memoryBytes: 128 * mebibyte },
  };
}

export const shortTask = (): TaskTemplate =>
  benchTemplate(argv("true"), 5, {
    resources: { ...noResources, cpuMillis: 1_000, memoryBytes: mebibyte },
  });

export interface Words {
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export function wordsOf(dataDirectory: string, driver: DriverName, attempt: string): Words {
  const directory = attemptDirectory(dataDirectory, attempt);
  const said = (stream: "stdout" | "stderr"): number => {
    const path = segmentPath(directory, stream, 0);
    if (driver !== "process") return statSync(path).mtimeMs;
    return Number(readFileSync(path, "utf8")) * 1_000;
  };
  return { firstAtMs: said("stderr"), lastAtMs: said("stdout") };
}
