/** What the daemon says against a container, in the words of who wrote the task. */
import type { DockerOptions } from "../../../core/drivers.js";
import { messageOf } from "../../log.js";

const wordsMax = 1_024;

/** Patterns of Docker 20 to 28 and runc, with the setting that is at fault. */
const patterns: readonly (readonly [RegExp, (options: DockerOptions, match: string) => string])[] =
  [
    [
      /could not select device driver|nvidia-container-runtime-hook|(unknown|invalid) runtime.*nvidia|runtime nvidia/i,
      () =>
        "worker.docker.gpus: this node's Docker knows no NVIDIA devices; its owner installs nvidia-container-toolkit, or sets none",
    ],
    [/no such image/i, ({ image }) => `docker.image: ${image} is not on this node`],
    // Whether it has begun is not known, so it is not begun again.
    [/already exists/, () => "the Docker daemon died while it started the container"],
    [/docker-init/, () => "the node's Docker has no docker-init; on Debian it comes with tini"],
    [
      /unable to find user ([^:\s]+)|no matching entries in (passwd|group) file/i,
      ({ user }) => `docker.user: the image has no ${user ?? "such user"}`,
    ],
    [/uids and gids must be in range/i, ({ user }) => `docker.user: ${user} is out of range`],
    [/bind source path does not exist: (\S+)/, (_, path) => `docker.mounts: ${path} is not there`],
    [/invalid mount (config|path|target)|duplicate mount point/i, () => "docker.mounts"],
    [/tmpfs/i, () => "docker.tmpfs"],
    [/capabilit|CapAdd/i, () => "docker.capabilities"],
    [/minimum memory limit|memory limit|cannot allocate memory/i, () => "resources.memory"],
    [/cpu.?quota|cpu.?period|nanocpus/i, () => "resources.cpu"],
    [/pids.?limit/i, () => "docker.processes"],
    [/network/i, ({ network }) => `docker.network: ${network}`],
    [/working directory|chdir|cwd/i, () => "workdir"],
  ];

export function failureWords(error: unknown, options: DockerOptions): string {
  const message = messageOf(error).slice(0, wordsMax);
  for (const [pattern, words] of patterns) {
    const match = pattern.exec(message);
    if (match !== null) return `${words(options, match[1] ?? "")} (${message})`;
  }
  return `the container could not be started: ${message}`;
}

/** docker-init's own last words, where it could not become the program. */
const execution = /^\[FATAL tini \(\d+\)\] exec (.*) failed: (.*)$/m;

/** null: the program did run. */
export function executionFailure(exitCode: number, stderrTail: string): string | null {
  if (exitCode !== 126 && exitCode !== 127) return null;
  const match = execution.exec(stderrTail);
  if (match === null) return null;
  const why = match[2] === "No such file or directory" ? "not found" : match[2];
  return `program ${match[1]}: ${why === "Permission denied" ? "no permission" : why}`;
}
