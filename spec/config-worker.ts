/** Settings of a worker: what it offers, and what each of its drivers may do. */
import { z } from "zod";
import { containerNetworks, gpuAccesses, machineNetworks } from "../core/drivers.js";
import { devicesPerWorkerMax } from "../core/resources.js";
import { amounts, dialled, labels, name, path, positive, price, speed } from "./config-values.js";
import { bitRate, bytes, closed, cpu, flag, scalar, whole } from "./fields.js";

const offer = closed({
  cpu: cpu.nullable().prefault(null).describe("Cores offered; null: all of the node's."),
  memory: bytes(1)
    .nullable()
    .prefault(null)
    .describe("Memory offered; null: nine tenths of the node's."),
  disk: bytes(0)
    .nullable()
    .prefault(null)
    .describe("Disk offered; null: nine tenths of what is free in the data directory."),
  network: bitRate
    .nullable()
    .prefault(null)
    .describe("Bits per second offered; null: the fastest link's, where the system knows it."),
  gpus: z
    .union([whole(0, devicesPerWorkerMax), z.array(scalar), z.null()], {
      error: "must be how many GPUs, or a list of their indexes or ids",
    })
    .default(null)
    .describe("GPUs offered: how many, or a list of indexes or ids; null: all."),
  custom: amounts.default({}).describe("Named amounts offered, like `{fpga: 1}`."),
  overcommit: flag
    .default(false)
    .describe("Offer what was asked for even where the node has less; otherwise what it has."),
});

const processPolicy = closed({
  users: z
    .array(scalar, { error: "must be a list of users like [nobody]" })
    .max(1000, { error: "has more than 1000 entries" })
    .default([])
    .describe(
      "Users, besides the worker's own, that tasks may run as; a worker of root's only. Read when the supervisor starts, like the rest of `process`.",
    ),
  defaultUser: scalar
    .nullable()
    .default(null)
    .describe(
      "User of tasks that name none; null: the worker's own, so root's tasks where root runs it.",
    ),
  newPrivileges: flag
    .default(false)
    .describe("Tasks may ask for `process.newPrivileges` (setuid programs gain rights)."),
});

const gpu = closed({
  nvidiaSmi: path
    .default("nvidia-smi")
    .describe("Program that lists NVIDIA GPUs; where it is not there, there are none."),
  timeoutMs: whole(100, 600_000).default(10_000).describe("How long it may take."),
  probeIntervalMs: whole(100, 86_400_000)
    .default(60_000)
    .describe("How often the GPUs are looked at again."),
});

const names = (what: string) =>
  z.array(path, { error: `must be a list of ${what}` }).max(1000, { error: "has more than 1000" });

const docker = closed({
  socket: path
    .nullable()
    .default("/var/run/docker.sock")
    .describe(
      "Socket of the Docker daemon that runs containers; null: this worker runs none. Read when the supervisor starts, like the rest of `docker`.",
    ),
  allowedMounts: names("directories")
    .default([])
    .describe("Directories of the node of which tasks may mount parts, to read."),
  allowedWritableMounts: names("directories").default([]).describe("The same, to read and write."),
  allowedNetworks: z
    .array(z.enum(containerNetworks), { error: "must be a list of none, bridge and host" })
    .default(["none"])
    .describe("Networks that tasks may ask for: `none`, `bridge`, `host`."),
  allowedCapabilities: names("capabilities")
    .default([])
    .describe("Capabilities that tasks may ask for, without `CAP_`, like `[NET_BIND_SERVICE]`."),
  allowRoot: flag
    .default(false)
    .describe("Tasks may run as root in a container, or as a user by name, who may be root there."),
  allowWritableRoot: flag
    .default(false)
    .describe("Tasks may write to the file system of their container."),
  allowNewPrivileges: flag
    .default(false)
    .describe("Programs in containers may gain privileges that their user has not."),
  processes: whole(1, 4_194_304)
    .default(4096)
    .describe("Processes and threads of one container, at most and by default."),
  gpus: z
    .enum(gpuAccesses, { error: "must be requests, runtime or none" })
    .default("requests")
    .describe(
      "How containers come by GPUs: `requests` as `docker run --gpus` does, `runtime` through the daemon's runtime `nvidia`, `none` not at all.",
    ),
  credentials: z
    .record(z.string(), path, {
      error: "must be a map like {registry: /etc/almanac/registry.json}",
    })
    .default({})
    .describe(
      'Registry credentials by the names that tasks call them: files of `{"username", "password", "serveraddress"}`.',
    ),
});

const kvm = closed({
  images: path
    .nullable()
    .default(null)
    .describe("Image store of virtual machines, a directory of images; null: no machines."),
  qemu: path.default("qemu-system-x86_64").describe("QEMU's name or path."),
  network: z
    .enum(machineNetworks, { error: `must be one of ${machineNetworks.join(", ")}` })
    .default("none")
    .describe(
      "The most that machines may ask for: `none`, or `user`, by which they reach whatever the worker's host reaches.",
    ),
  disks: path
    .nullable()
    .default(null)
    .describe("Directory of disks that tasks may have in their machines, to read; null: none."),
  writableDisks: flag
    .default(false)
    .describe("Tasks may write to the disks in it, each one task at a time."),
});

export const worker = closed({
  name: name.nullable().default(null).describe("Name of the worker; null: the host's name."),
  master: dialled.default("127.0.0.1:7070").describe("Address of the master."),
  dataDirectory: path
    .default("~/.local/state/almanac/worker")
    .describe("Attempts, their logs, and the supervisor's record."),
  offer: offer.prefault({}),
  process: processPolicy.prefault({}),
  gpu: gpu.prefault({}),
  labels: labels.prefault({}).describe("Labels that constraints look at, like `{zone: eu}`."),
  speed: speed
    .nullable()
    .default(null)
    .describe(
      "Speed relative to the reference core; null: measured in half a second at the first start after a boot.",
    ),
  throttle: positive(1)
    .nullable()
    .default(null)
    .describe(
      "Part of a core that each core of an attempt really gets, to stand for a slower machine; null: all of it.",
    ),
  link: name
    .nullable()
    .default(null)
    .describe("Its name among `cluster.links`; null: none, so like any other."),
  costPerHour: price
    .default(0)
    .describe(
      "Price of an hour of one attempt here, in any one currency; counts where `master.objective.cost` is above 0.",
    ),
  docker: docker.prefault({}),
  kvm: kvm.prefault({}),
});
