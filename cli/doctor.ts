/** The examinations behind `almanac doctor`: each looks at one thing and never throws. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ClusterStatus, WorkerView } from "../core/views.js";
import packageFile from "../package.json" with { type: "json" };
import type { Config } from "../spec/config.js";
import { createCgroupManager } from "../worker/drivers/process/cgroup-manager.js";
import { createClient } from "./client.js";
import { portIsFree } from "./cluster/ports.js";
import { credentialsFor } from "./credentials.js";
import { messageOf } from "./failure.js";
import type { Finding } from "./render/status.js";
import { formatBytes, plural } from "./render/units.js";
import type { WorkerInstallation } from "./root.js";
import { configFileName, configOf, type Options } from "./settings.js";

const freeBytesWanted = 1024 ** 3;
const clockDifferenceMaxMs = 2_000;

export async function examine(
  options: Options,
  installation: WorkerInstallation,
): Promise<Finding[]> {
  const findings = [nodeFinding(), systemFinding(), installationFinding(installation)];
  let config: Config;
  try {
    config = configOf(options, "cli");
  } catch (error) {
    const advice = "docs/configuration.md lists every setting";
    return [...findings, { subject: "settings", level: "bad", message: messageOf(error), advice }];
  }
  const file = configFileName(options) ?? "no settings file, defaults hold";
  findings.push(
    { subject: "settings", level: "good", message: file },
    directoryFinding("master's data", config.master.dataDirectory),
    directoryFinding("worker's data", config.worker.dataDirectory),
    await cgroupFinding(),
    ...(await clusterFindings(config)),
  );
  return findings;
}

function nodeFinding(): Finding {
  const subject = "node";
  const wanted = packageFile.engines.node.replace(/^>=/, "");
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split(".").map(Number);
  const good = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  if (good) return { subject, level: "good", message: process.version };
  const advice = `install Node ${wanted} or newer: https://nodejs.org/en/download`;
  return { subject, level: "bad", message: `${process.version} is too old`, advice };
}

function systemFinding(): Finding {
  const subject = "system";
  const message = `${process.platform} ${process.arch}`;
  if (process.platform === "linux") return { subject, level: "good", message };
  const advice = "masters and planners run, workers need Linux";
  return { subject, level: "warning", message, advice };
}

function installationFinding({ needed }: WorkerInstallation): Finding {
  const subject = "build";
  const missing = needed.filter((path) => !existsSync(path));
  if (missing.length === 0) return { subject, level: "good", message: packageFile.version };
  const advice = "run `npm run build` in the repository";
  return { subject, level: "bad", message: `${missing.join(", ")} missing`, advice };
}

/** The directory, or where it would be made. */
function directoryFinding(subject: string, path: string): Finding {
  let place = resolve(path);
  while (!existsSync(place)) place = dirname(place);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch {
    const advice = "choose another one with --data-directory, or change its owner";
    return { subject, level: "bad", message: `${place} is not writable`, advice };
  }
  const { bavail, bsize } = statfsSync(place);
  const free = formatBytes(bavail * bsize);
  const message = `${path}, ${free} free`;
  if (bavail * bsize >= freeBytesWanted) return { subject, level: "good", message };
  return { subject, level: "warning", message, advice: "make room: logs and results need it" };
}

async function cgroupFinding(): Promise<Finding> {
  const subject = "limits";
  try {
    const manager = createCgroupManager(`almanac-doctor-${process.pid}`);
    if (manager !== null) {
      const { cpuLimit, memoryLimit } = manager;
      await manager.close();
      const message = `cpu: ${cpuLimit}, memory: ${memoryLimit}`;
      const enforced = cpuLimit !== "not_enforced" && memoryLimit !== "not_enforced";
      if (enforced) return { subject, level: "good", message };
      return { subject, level: "warning", message, advice: cgroupAdvice };
    }
  } catch {
    // as good as none
  }
  const message = "no control groups: cpu and memory of attempts are counted, not enforced";
  return { subject, level: "warning", message, advice: cgroupAdvice };
}

const cgroupAdvice =
  "run workers as root, or under systemd with Delegate=yes; everything else works without";

async function clusterFindings(config: Config): Promise<Finding[]> {
  const address = config.cli.master;
  const held = await credentialsFor(config).catch((error: unknown) => messageOf(error));
  if (typeof held === "string") {
    return [{ subject: "master", level: "warning", message: held, advice: "docs/security.md" }];
  }
  const client = createClient(address, held);
  try {
    const status = await client.status();
    if (!status.ok) return [await unreachable(address, status.error.message)];
    const workers = await client.workers();
    return [
      masterFinding(address, status.value),
      plannerFinding(status.value),
      ...(workers.ok ? [workersFinding(workers.value), clockFinding(workers.value)] : []),
    ];
  } finally {
    client.close();
  }
}

async function unreachable(address: string, why: string): Promise<Finding> {
  const subject = "master";
  const advice = "start a cluster on this machine with `almanac dev`, or name one with --master";
  if (await portIsFree(address)) {
    const message = `none at ${address}; the port is free`;
    return { subject, level: "warning", message, advice };
  }
  const message = `${address} is in use, but not by a master that answers (${why})`;
  return { subject, level: "bad", message, advice: `find out who listens: ss -ltnp; or ${advice}` };
}

function masterFinding(address: string, status: ClusterStatus): Finding {
  const subject = "master";
  const { version, epoch } = status;
  const message = `${address}, version ${version}, epoch ${epoch}, ${status.health}`;
  if (version !== packageFile.version) {
    const advice = `this command is version ${packageFile.version}; use the same on both sides`;
    return { subject, level: "warning", message, advice };
  }
  if (status.durability === "full") return { subject, level: "good", message };
  const advice = "its disk acknowledges writes that a power cut may undo";
  return { subject, level: "warning", message: `${message}, durability reduced`, advice };
}

function plannerFinding({ planner }: ClusterStatus): Finding {
  const subject = "planner";
  const { state, plansReceived, plansAdopted } = planner;
  const message = `${state}, ${plural(plansReceived, "plan")} received, ${plansAdopted} adopted`;
  if (state === "connected") return { subject, level: "good", message };
  const advice =
    state === "off"
      ? "the master was started with `--planner off`: greedy placement only"
      : `work goes on with greedy placement; start one: almanac planner. ${planner.message}`;
  return { subject, level: "warning", message, advice };
}

function workersFinding(workers: readonly WorkerView[]): Finding {
  const subject = "workers";
  const connected = workers.filter(({ state }) => state === "connected").length;
  const message = `${connected} connected, ${workers.length - connected} not${awayText(workers)}`;
  if (connected === workers.length && connected > 0) return { subject, level: "good", message };
  const advice = connected === 0 ? "start one: almanac worker" : "see `almanac workers`";
  return { subject, level: connected === 0 ? "bad" : "warning", message, advice };
}

/** Drivers that workers know and cannot offer: no fault by itself, but a reason why tasks wait. */
function awayText(workers: readonly WorkerView[]): string {
  const counts = new Map<string, number>();
  for (const { facts, state } of workers) {
    if (state !== "connected") continue;
    for (const { name, reason } of facts.unavailableDrivers) {
      const text = `${name}: ${reason}`;
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return [...counts]
    .map(([text, count]) => `; ${plural(count, "worker")} without ${text}`)
    .join("");
}

/** What the master has just heard cannot lie in our future, nor far back while it is connected. */
function clockFinding(workers: readonly WorkerView[]): Finding {
  const subject = "clock";
  const heard = workers.flatMap(({ state, lastHeardAtMs }) =>
    state === "connected" && lastHeardAtMs !== null ? [lastHeardAtMs] : [],
  );
  const newest = Math.max(...heard);
  const aheadMs = newest - Date.now();
  if (heard.length === 0) return { subject, level: "good", message: "nothing to compare with" };
  if (aheadMs < clockDifferenceMaxMs)
    return { subject, level: "good", message: "agrees with the master's" };
  const message = `the master's clock is ${Math.round(aheadMs / 1_000)} s ahead of this machine's`;
  return { subject, level: "warning", message, advice: "let NTP or chrony set both" };
}
