/**
 * Every setting of every part of Almanac, with its default: the shape of almanac.yaml. The table
 * of environment variables, flags and docs/configuration.md are derived from it (settings.ts).
 */
import { z } from "zod";
import { bandwidthBpsMin } from "../core/links.js";
import { defaultObjective } from "../core/objective.js";
import { amountMax } from "../core/validate-template.js";
import { notLoopbackMessage, speaksTls } from "./address.js";
import {
  addressRight,
  amounts,
  dialled,
  hostName,
  labels,
  name,
  onOff,
  path,
  price,
  speed,
  tls,
} from "./config-values.js";
import { worker } from "./config-worker.js";
import { bitRate, bytes, closed, cpu, duration, flag, whole } from "./fields.js";

const bandwidth = bitRate.refine((bps) => bps >= bandwidthBpsMin, {
  error: `must be at least ${bandwidthBpsMin / 1e6}M`,
});
const latency = duration(0, 3_600_000);

const namedLink = closed({
  between: z.tuple([name, name], { error: "must be two names of links, like [rack-a, rack-b]" }),
  bandwidth,
  latency: latency.prefault("1ms"),
});

const poolFields = {
  capacity: whole(1, amountMax),
  kind: z
    .enum(["renewable", "consumable"], { error: "must be renewable or consumable" })
    .default("renewable"),
};
const poolShape = closed(poolFields);
const pool = closed({ name, ...poolFields });

const expectedWorker = closed({
  name: name.optional(),
  count: whole(1, 10_000).default(1),
  cpu,
  memory: bytes(1),
  disk: bytes(0).default(0),
  custom: amounts.default({}),
  labels: labels.default({}),
  speed: speed.default(1),
});

const cluster = closed({
  name: name.default("almanac").describe("Name of the cluster, shown in views."),
  complete: flag
    .default(false)
    .describe(
      "No workers will join beyond those present and expected: a task that none of them could run is refused instead of left waiting.",
    ),
  pools: z
    .union([z.array(pool), z.record(z.string(), z.union([whole(1, amountMax), poolShape]))], {
      error: "must be a map like {licence: 2}, or a list of {name, capacity, kind}",
    })
    .default({})
    .describe(
      "Amounts of the whole cluster that tasks may hold, like `{licence: 2}`, or `[{name: fuel, capacity: 100, kind: consumable}]`: what attempts take of that is gone for good.",
    ),
  links: z
    .array(namedLink, { error: "must be a list of {between: [a, b], bandwidth, latency}" })
    .max(1000, { error: "has more than 1000 entries" })
    .prefault([])
    .describe(
      "What data pays between workers, by the names of their links: `[{between: [rack-a, rack-b], bandwidth: 1G, latency: 5ms}]`, both ways. Two equal names: between workers of that link.",
    ),
  otherLinks: closed({
    bandwidth: bandwidth
      .prefault("1G")
      .describe("Bits per second between workers of which `links` says nothing."),
    latency: latency.prefault("1ms").describe("Before the first byte, between such workers."),
  }).prefault({}),
  expectedWorkers: z
    .array(expectedWorker, { error: "must be a list of workers" })
    .max(1000, { error: "has more than 1000 entries" })
    .prefault([])
    .describe(
      "Workers that are configured and may join: `{name, count, cpu, memory, disk, custom, labels, speed}`.",
    ),
});

const master = closed({
  listen: dialled.default("127.0.0.1:7070").describe("Where the master listens."),
  tls: tls
    .default("auto")
    .describe(
      "Mutual TLS: `auto` for every address but loopback, `on` for loopback too; `off` is for loopback only.",
    ),
  names: z
    .array(hostName, { error: "must be a list of names and addresses" })
    .max(100, { error: "has more than 100 entries" })
    .prefault([])
    .describe(
      "Names and addresses that others reach the master by, for its certificate; its host name and the address it listens on are in it anyway.",
    ),
  certificateLifeMs: whole(1000, 10 * 365 * 24 * 3_600_000)
    .default(30 * 24 * 3_600_000)
    .describe("Life of every certificate; each is renewed by itself at two thirds of it."),
  dataDirectory: path
    .default("~/.local/state/almanac/master")
    .describe("The journal; locked by one master at a time."),
  secretKeyFile: path
    .nullable()
    .default(null)
    .describe(
      "File of mode 0600 with the keys that secrets are sealed with, one a line, the first of which seals; none: a key of the master's own, in its data directory.",
    ),
  segmentBytes: bytes(4096, 2 ** 31)
    .prefault("64Mi")
    .describe("Size at which the journal starts a new segment."),
  trimJournal: flag
    .default(true)
    .describe(
      "Whether segments of the journal go once two snapshots and the archive of finished jobs hold what they tell; `false`: the journal grows for ever.",
    ),
  keepFinished: duration(0)
    .prefault("10m")
    .describe("How long a finished job stays in memory before it moves to the archive."),
  finishedTasksMax: whole(0, 1_000_000)
    .default(50_000)
    .describe("With more finished tasks in memory the first jobs to finish move earlier."),
  keepKeys: duration(0)
    .prefault("7d")
    .describe(
      "How long an idempotency key still stands for its job after that has moved to the archive.",
    ),
  acceptLostHistory: flag
    .default(false)
    .describe(
      "Start although the archive lacks jobs that the journal no longer holds: they are lost.",
    ),
  heartbeatIntervalMs: whole(50, 60_000)
    .default(1000)
    .describe("How often a worker says that it is there."),
  silenceLimitMs: whole(200, 3_600_000)
    .default(10_000)
    .describe("A worker silent for this long is lost."),
  planner: z
    .union([z.literal("off"), dialled], { error: `must be ${addressRight}, or off` })
    .default("127.0.0.1:7071")
    .describe("Address of the planner; `off`: greedy placement only."),
  plannerSolvers: z
    .array(name, { error: "must be a list of names of solvers" })
    .max(16, { error: "has more than 16 entries" })
    .prefault([])
    .describe("Solvers that the planner may use, like `[multi-start]`; empty: all that it has."),
  objective: closed({
    makespan: price.default(defaultObjective.makespan).describe("Per second until all is done."),
    flow: price
      .default(defaultObjective.flow)
      .describe("Per second of each job until it is done, times its weight."),
    tardiness: price.default(defaultObjective.tardiness).describe("Per second past a deadline."),
    moves: price
      .default(defaultObjective.moves)
      .describe("Per task that a new plan moves to another worker."),
    cost: price
      .default(defaultObjective.cost)
      .describe("Per unit of cost of what runs: see `worker.costPerHour`."),
  })
    .refine(({ makespan, flow, tardiness }) => makespan + flow + tardiness > 0, {
      error: "one of makespan, flow and tardiness must be above 0",
    })
    .prefault({}),
  planningWindow: whole(1, 100_000)
    .default(10_000)
    .describe("Tasks that are planned in detail at once; later ones get coarse forecasts."),
  logCacheBytes: bytes(0)
    .prefault("64Mi")
    .describe(
      "Copy of logs that went through the master, readable when their worker is gone; 0: none.",
    ),
});

const planner = closed({
  listen: dialled.default("127.0.0.1:7071").describe("Where the planner listens."),
  tls: tls
    .default("auto")
    .describe(
      "Mutual TLS between master and planner, for both of them: `auto` for every address but loopback.",
    ),
  master: dialled
    .default("127.0.0.1:7070")
    .describe("Address of the master that the planner joins and renews its certificate with."),
  dataDirectory: path
    .default("~/.local/state/almanac/planner")
    .describe("The planner's models, and its key and certificate where it has joined."),
  threads: whole(1, 64).default(1).describe("Threads that solvers run in."),
  predictor: onOff
    .default("on")
    .describe(
      "Predicts durations from the cluster's history, in a process of its own; `off`: the master's statistics alone.",
    ),
  wallBudgetMs: whole(10, 3_600_000)
    .default(2000)
    .describe("Wall time of one planning round; a backstop behind the budget of work units."),
});

const cli = closed({
  master: dialled
    .default("127.0.0.1:7070")
    .describe("Address of the master that commands speak to."),
  credentials: path
    .default("~/.config/almanac")
    .describe("Keys and certificates that `almanac login` got, a directory for each master."),
});

const data = closed({
  sharedDirectory: path
    .nullable()
    .default(null)
    .describe(
      "Mount on which master, workers and commands share the content of inputs and outputs; null: it goes over the wire, and the master keeps it. Whoever may read the mount may read all of it.",
    ),
  storeBytes: bytes(0)
    .prefault("64Gi")
    .describe("Content that the master keeps at most; what no job names goes after a day."),
  cacheBytes: bytes(0)
    .prefault("16Gi")
    .describe("Content that a worker keeps for attempts to come; what was used longest ago goes."),
});

const log = closed({
  level: z
    .enum(["trace", "debug", "info", "warn", "error", "silent"], {
      error: "must be one of trace, debug, info, warn, error, silent",
    })
    .default("info")
    .describe("Least level that is logged."),
});

export const configSchema = closed({
  cluster: cluster.prefault({}),
  master: master.prefault({}),
  planner: planner.prefault({}),
  worker: worker.prefault({}),
  cli: cli.prefault({}),
  data: data.prefault({}),
  log: log.prefault({}),
}).superRefine((config, context) => {
  const { master, planner } = config;
  const addresses = [
    { path: ["master", "listen"], address: master.listen, mode: master.tls },
    { path: ["planner", "listen"], address: planner.listen, mode: planner.tls },
    { path: ["master", "planner"], address: master.planner, mode: planner.tls },
  ];
  for (const { path, address, mode } of addresses) {
    if (mode !== "off" || !speaksTls("auto", address)) continue;
    context.addIssue({ code: "custom", path, message: notLoopbackMessage(address) });
  }
  if (config.master.silenceLimitMs < config.master.heartbeatIntervalMs * 2) {
    context.addIssue({
      code: "custom",
      path: ["master", "silenceLimitMs"],
      message: "must be at least twice heartbeatIntervalMs, or one late heartbeat loses a worker",
    });
  }
});

/** Sizes are in bytes and millicores; paths have their `~` replaced. */
export type Config = z.output<typeof configSchema>;
export type ExpectedWorker = Config["cluster"]["expectedWorkers"][number];
