/** One run: a cluster of real processes that is kept busy while its parts are killed and held. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFile } from "../bench/root.js";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { contradictions } from "./account.js";
import { type Blow, Blows } from "./blows.js";
import { drawStrikes } from "./strikes.js";
import { createUser } from "./users.js";
import { judgeRuns, readRuns } from "./witness.js";
import { drawJob } from "./workload.js";

export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  readonly holds: number;
  readonly workers: number;
  readonly withinMs: number;
  /** After the last blow everything must be over within this. */
  readonly quietMs: number;
  /** Told now and then how far it is. */
  readonly onProgress: (line: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly blows: readonly Blow[];
  readonly jobs: number;
  readonly tasks: number;
  /** Programs that began, by their own word. */
  readonly runs: number;
  /** Of those, cut off before their end. */
  readonly cutOff: number;
  /** What broke a promise, in words. */
  readonly faults: readonly string[];
  /** Kept where something broke; null: removed. */
  readonly directory: string | null;
}

/** Stops and cleans up whatever happens, a signal included; nothing is left running. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const directory = mkdtempSync(join(tmpdir(), "almanac-chaos-"));
  const cluster = await startCluster(clusterOf(options, directory)).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const client = createClient(cluster.address);
  const blows = new Blows(cluster);
  const end = async (): Promise<void> => {
    blows.release();
    client.close();
    await cluster.stop();
  };
  const interrupted = (): void => {
    const left = (): void => rmSync(directory, { recursive: true, force: true });
    void end().finally(() => {
      left();
      process.exit(130);
    });
  };
  for (const name of signals) process.once(name, interrupted);
  try {
    const seen = await live(options, { cluster, client, blows, directory });
    await end();
    const faults = [...seen.faults, ...(await afterwards(directory))];
    if (faults.length === 0) rmSync(directory, { recursive: true, force: true });
    return { ...seen, faults, directory: faults.length === 0 ? null : directory };
  } finally {
    await end();
    for (const name of signals) process.off(name, interrupted);
  }
}

const progressEveryMs = 10_000;
const signals = ["SIGINT", "SIGTERM"] as const;

/** Contact is lost after little silence, and segments are small: a run sees many of both. */
const masterArgs = [
  ...["--silence-limit-ms", "3000", "--heartbeat-interval-ms", "300"],
  ...["--segment-bytes", "256Ki"],
];

const clusterOf = ({ workers }: ChaosOptions, directory: string) => ({
  entry: projectFile("dist/cli/main.js"),
  dataDirectory: directory,
  workers: Array.from({ length: workers }, (_, index) => ({
    name: `w${index + 1}`,
    cpu: "4",
    memory: "1Gi",
    speed: 1,
  })),
  masterArgs,
  // By this mark leftovers are found.
  env: { ALMANAC_CHAOS: directory },
  readyTimeoutMs: 60_000,
});

interface Stage {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly blows: Blows;
  readonly directory: string;
}

async function live(options: ChaosOptions, { client, blows, directory }: Stage) {
  const witness = join(directory, "witness");
  mkdirSync(witness);
  const user = createUser(client, (number) => drawJob(options.seed, number, witness));
  const enough = new AbortController();
  const strikes = drawStrikes(options);
  const progress = setInterval(() => {
    const { acknowledged } = user;
    options.onProgress(
      `${blows.dealt.length} of ${strikes.length} blows, ${acknowledged.length} jobs taken, ${user.open()} of them open`,
    );
  }, progressEveryMs);
  const views = await (async () => {
    const busy = user.keepBusy(enough.signal);
    await Promise.race([blows.deal(strikes), busy]);
    enough.abort();
    await busy;
    const over = await user.untilOver(options.quietMs);
    await user.askAgain();
    return over;
  })().finally(() => clearInterval(progress));
  const expected = user.acknowledged.flatMap(({ job }) => job.expected);
  const runs = readRuns(witness, expected);
  const all = [...runs.values()].flat();
  const byId = new Map(user.acknowledged.map(({ id, job }) => [id, job.expected]));
  return {
    seed: options.seed,
    blows: blows.dealt,
    jobs: user.acknowledged.length,
    tasks: expected.length,
    runs: all.length,
    cutOff: all.filter(({ exitCode }) => exitCode === null).length,
    faults: [
      ...user.faults,
      ...blows.dealt.flatMap(({ target, act, failure }) =>
        failure === null ? [] : [`${act} of ${target}: ${failure}`],
      ),
      ...judgeRuns(expected, runs, blows.gaps),
      ...views.flatMap((view) => contradictions(view, byId.get(view.summary.id) ?? [], runs)),
    ],
  };
}

/** The journal is whole, and nobody is left. */
async function afterwards(directory: string): Promise<string[]> {
  const entry = projectFile("dist/cli/main.js");
  const command = [entry, "journal", "verify", join(directory, "master")];
  const damage = await new Promise<string[]>((resolve) => {
    execFile(process.execPath, command, (error, _out, said) =>
      resolve(error === null ? [] : [`the journal cannot be verified: ${said.trim()}`]),
    );
  });
  return [...damage, ...leftovers(directory).map((what) => `left running: ${what}`)];
}

/** Processes that carry the directory's name in their environment or on their command line. */
function leftovers(directory: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    const command = textOf(`/proc/${pid}/cmdline`);
    const marked =
      command.includes(directory) || textOf(`/proc/${pid}/environ`).includes(directory);
    return marked ? [`process ${pid}, ${command.replaceAll("\0", " ").trim()}`] : [];
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // ended meanwhile, or somebody else's
  }
}
