/**
 * The supervisor's process: `node main.js '{"dataDirectory": ..., ...}'`. Started by the agent,
 * detached; it goes by itself when nobody has needed it for a while.
 */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { openBlobDirectory } from "../../data/blob-directory.js";
import { workerClock } from "../clock.js";
import type { Driver } from "../driver.js";
import { createDockerDriver, createDockerReaper } from "../drivers/docker/docker.js";
import { createKvmDriver, createKvmReaper } from "../drivers/kvm/kvm.js";
import { monitorMachines } from "../drivers/kvm/monitor.js";
import type { KvmSettings } from "../drivers/kvm/settings.js";
import { bootId } from "../drivers/process/proc.js";
import { createProcessDriver } from "../drivers/process/process.js";
import { attemptsDirectory, cacheDirectory } from "../ipc/paths.js";
import { createLineLog, messageOf } from "../log.js";
import { createSecretPlaces } from "../secrets/places.js";
import { createAgentDesk } from "./agent-desk.js";
import { createAttemptData } from "./attempt-data.js";
import { createRenewalMemory } from "./leases.js";
import { beginWith, openLedger } from "./ledger.js";
import { lockSupervisor } from "./lock.js";
import { recoverAttempts, writtenBytes } from "./recovery.js";
import { createRetention } from "./retention.js";
import { createAgentServer } from "./server.js";
import type { SupervisorArguments } from "./start.js";
import { Supervisor } from "./supervisor.js";
import { createTransfers } from "./transfers.js";

const idleCheckMs = 1_000;
const log = createLineLog(2, "supervisor");

async function main(): Promise<void> {
  const given = JSON.parse(process.argv[2] ?? "{}") as SupervisorArguments;
  const { dataDirectory } = given;
  mkdirSync(attemptsDirectory(dataDirectory), { recursive: true });
  chmodSync(dataDirectory, 0o700);
  if (!(await lockSupervisor(dataDirectory))) {
    log.info({ dataDirectory }, "another supervisor is here already");
    process.exit(0);
  }
  const session = randomUUID();
  const boot = bootId();
  const ledger = openLedger(join(dataDirectory, "attempts.log"));
  beginWith(ledger, session, boot);
  // The server exists only after recovery, which needs the drivers.
  let tellAgent: () => void = () => undefined;
  const onChange = (): void => tellAgent();
  const { process: policy, kvm } = given;
  const drivers: Driver[] = [createProcessDriver({ dataDirectory, ...(policy && { policy }) })];
  if (given.docker !== null) {
    const left = [...ledger.state.launched.keys()];
    const options = { dataDirectory, policy: given.docker, onChange, log, left };
    drivers.push(await createDockerDriver(options));
  }
  // Before the probe, which may take a while: what is left over must go now.
  const reapers = [...drivers, createDockerReaper(dataDirectory), createKvmReaper(dataDirectory)];
  const takenUp = await recoverAttempts({
    dataDirectory,
    ledger,
    drivers: reapers,
    boot,
    nowMs: workerClock.nowMs,
    writtenBytes,
    log,
  });
  const secrets = createSecretPlaces(realpathSync(dataDirectory));
  await secrets.keepOnly(takenUp.map(({ attempt }) => attempt));
  if (kvm !== null) drivers.push(await kvmDriverOf(kvm, dataDirectory, onChange));
  const { retainedAttemptsMax: attemptsMax, retainedBytesMax: bytesMax } = given;
  const retention = createRetention(dataDirectory, ledger, { attemptsMax, bytesMax }, log);
  const desk = createAgentDesk();
  const server = createAgentServer(dataDirectory, desk, log);
  const { emit } = desk;
  tellAgent = () => emit({ kind: "drivers_changed" });
  const cache = await openBlobDirectory(cacheDirectory(dataDirectory), { bytesMax: null });
  const transfers = createTransfers(emit);
  const supervisor = new Supervisor({
    transfers,
    secrets,
    clock: workerClock,
    data: createAttemptData({ clock: workerClock, dataDirectory, cache, transfers, log }),
    dataDirectory,
    boot,
    session,
    ledger,
    retention,
    drivers,
    log,
    emit,
    renewals: createRenewalMemory(join(dataDirectory, "renewed"), boot),
  });
  supervisor.takeUp(takenUp);

  let leaving = false;
  const leave = async (why: string): Promise<void> => {
    if (leaving) return;
    leaving = true;
    log.info({ why }, "supervisor stops");
    await supervisor.shutdown();
    // First, so that no command comes in between: an agent that notices finds the lock still held.
    server.close();
    for (const driver of drivers) await driver.close();
    await secrets.close();
    await ledger.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => void leave("SIGTERM"));
  // A terminal's interrupt is meant for the agent, which decides what becomes of the attempts.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);

  let idleSinceMs = performance.now();
  setInterval(
    () => {
      if (desk.attached() || !supervisor.isIdle()) idleSinceMs = performance.now();
      else if (performance.now() - idleSinceMs >= given.idleExitMs) void leave("idle");
    },
    Math.min(idleCheckMs, given.idleExitMs),
  );
  desk.serve(supervisor, () => void leave("the agent asked for it"));
  await server.listen();
  log.info({ session, boot, pid: process.pid }, "supervisor started");
}

/** Where no machine runs the driver is there all the same, to say why. */
async function kvmDriverOf(
  settings: KvmSettings,
  dataDirectory: string,
  onChange: () => void,
): Promise<Driver> {
  const monitor = await monitorMachines({ settings, dataDirectory, log, onChange });
  const { current: machines, close: onClose } = monitor;
  return createKvmDriver({ dataDirectory, settings, machines, onClose });
}

main().catch((error: unknown) => {
  log.error({ error: messageOf(error) }, "supervisor failed");
  process.exit(1);
});
