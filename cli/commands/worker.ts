/**
 * `almanac worker`: offers this node to a master, until SIGTERM or Ctrl-C. With a word behind it, it
 * is what operators do to workers of the cluster.
 */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { isLoopback, parseAddress } from "../../spec/address.js";
import type { Config } from "../../spec/config.js";
import { startAgent } from "../../worker/agent.js";
import type { DockerPolicy } from "../../worker/drivers/docker/policy.js";
import { detectCapacity } from "../../worker/facts.js";
import { capacityOf } from "../../worker/pure/offer.js";
import { nodeSpeed } from "../../worker/speed.js";
import { sayReady } from "../cluster/ready.js";
import { tiedOption, untilStopped } from "../cluster/until-stopped.js";
import { failure, unwrap } from "../failure.js";
import { givenToken, tokenFileOption } from "../given-token.js";
import { membershipOf } from "../joining.js";
import { createLogger } from "../log.js";
import { offerOptions } from "../offer-option.js";
import { printJson, printLines } from "../output.js";
import {
  addGroup,
  type Group,
  type Program,
  shortSettingOptions,
  type WorkerInstallation,
} from "../root.js";
import { withSession } from "../session.js";
import { configOf, kvmSettings } from "../settings.js";
import { addMaintenance } from "./worker-maintenance.js";
import { addWorkerOperations } from "./worker-operations.js";

export function addWorker(program: Program, { supervisorEntry }: WorkerInstallation): void {
  const group = addGroup(program, "worker");
  addWorkerOperations(group);
  addMaintenance(group);
  addForget(group);
  const command = group
    .description("offer this node to a master: agent and supervisor, until Ctrl-C")
    .option("--offer <amounts>", "what to share: cpu=4,memory=8G,disk=100G,gpus=1,fpga=2")
    .option("--join <token>", "join the master's cluster first, where this node has not yet")
    .addOption(tokenFileOption())
    .option("--keep-attempts", "leave attempts running when this process is told to stop")
    .addOption(tiedOption());
  for (const option of shortSettingOptions("worker")) command.addOption(option);
  command.action(async (options) => {
    const given = command.optsWithGlobals();
    const {
      worker,
      data,
      log: logging,
    } = configOf({ ...offerOptions(options.offer), ...given }, "worker");
    const log = createLogger("worker", logging.level);
    const dataDirectory = resolve(worker.dataDirectory);
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    const { capacity, cut } = capacityOf(worker.offer, detectCapacity(dataDirectory));
    if (cut.length > 0) log.warn({ cut }, "the node has less than is offered; see --overcommit");
    const membership = await membershipOf({
      role: "worker",
      name: worker.name,
      token: givenToken(options.join, options.tokenFile),
      address: worker.master,
      dataDirectory,
      log,
    });
    if (membership === null) plainTextOnly(worker.master);
    const agent = await startAgent({
      name: membership?.current().identity.name ?? worker.name ?? hostname(),
      dataDirectory,
      masterAddress: worker.master,
      capacity,
      membership,
      labels: worker.labels,
      devices: [],
      gpus: { ...worker.gpu, offer: worker.offer.gpus },
      speed: worker.speed ?? nodeSpeed(dataDirectory),
      throttle: worker.throttle,
      ...(worker.link === null ? {} : { link: worker.link }),
      ...(worker.costPerHour === 0 ? {} : { costPerHour: worker.costPerHour }),
      cacheBytes: data.cacheBytes,
      sharedDirectory: data.sharedDirectory,
      supervisorEntry,
      log,
      supervisor: {
        process: worker.process,
        docker: dockerPolicyOf(worker.docker),
        kvm: kvmSettings(worker.kvm),
      },
    });
    sayReady("worker", worker.master, given.json === true);
    let drained = false;
    const asked = agent.dismissed.then(() => {
      drained = true;
      return "drained, and told to stop then";
    });
    const stop = async (): Promise<void> => {
      // Nothing runs after a drain, so there is nothing to keep.
      await agent.stop({ stopSupervisor: drained || options.keepAttempts !== true });
      membership?.stop();
    };
    await untilStopped({ stop }, { tied: options.tied === true, log, asked });
  });
}

function addForget(group: Group): void {
  group
    .command("forget")
    .description("bar a worker: its certificates and open tokens are refused from now on")
    .argument("<name>", "the worker's name")
    .action(async (name, _options, forget) => {
      await withSession(forget.optsWithGlobals(), async ({ client, json }) => {
        const revoked = unwrap(await client.revoke(name, "worker"));
        if (json) return printJson({ ...revoked });
        printLines([`worker ${name}: ${revoked.certificatesBarred} certificates barred`]);
      });
    });
}

/** Other machines are spoken to with a certificate, or not at all. */
function plainTextOnly(address: string): void {
  if (isLoopback(parseAddress(address)?.host ?? "")) return;
  const message = `this node has not joined the cluster of the master at ${address}`;
  const how = "there run `almanac token create --worker NAME`, here `almanac worker --join TOKEN`";
  throw failure("permission_denied", `${message}: ${how}`);
}

/** null: no containers here. */
function dockerPolicyOf({ socket, ...rest }: Config["worker"]["docker"]): DockerPolicy | null {
  return socket === null ? null : { socket, ...rest };
}
