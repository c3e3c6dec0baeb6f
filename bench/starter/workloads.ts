/**
 * Synthetic clusters: programs whose durations follow from what they are given to work on, users who
 * say more or less truly how long they take, and time limits that tell a little. Nothing in them is
 * recorded anywhere; what is drawn of each law is written below. The shipped model learns from them
 * what is true of every cluster: how far to trust which statistic, and how sizes count.
 */
import { seededRandom } from "../../core/random.js";
import { featureCount, featureNames, type Subject } from "../../models/pure/features.js";
import {
  emptyKnowledge,
  type Foreseen,
  foresee,
  learnEnd,
  learnSubmission,
  type RunEnd,
} from "../../models/pure/knowledge.js";
import { levelsOf } from "../../models/pure/subject.js";

export interface DrawnRows {
  readonly rows: number;
  /** Row by row, `featureCount` numbers each. */
  readonly matrix: Float32Array;
  /** Logarithms of milliseconds at speed 1. */
  readonly logMs: Float32Array;
}

/** What one program does, drawn once. Logarithms are natural, of milliseconds. */
interface Law {
  readonly name: string;
  readonly user: string;
  /** Of a run on one mebibyte with one core: between a fifth of a second and two hours. */
  readonly logBase: number;
  /** Duration grows with the input to this power: of a third of the programs it does not. */
  readonly sizePower: number;
  /** And shrinks with cores to this. */
  readonly corePower: number;
  /** Standard deviation of what is left. */
  readonly noise: number;
  /** Mean and spread of ln(input bytes). */
  readonly logSize: number;
  readonly sizeSpread: number;
  /** Whether inputs are declared, a user says something, there is a limit. */
  readonly tellsSize: boolean;
  readonly tellsUser: boolean;
  readonly tellsLimit: boolean;
  /** ln of what users say over what it takes, and how that varies. */
  readonly userBias: number;
  readonly userSpread: number;
  /** Change of ln(duration) over the whole history. */
  readonly drift: number;
}

const programs = 30;
const tasksPerJobMax = 20;
const failureShare = 0.03;
/** Names mean something in one cluster alone: a model for all of them must not learn any. */
const nameless = ["kind_id", "image_id", "shape_id", "tenant_id", "user_id"].map((name) =>
  featureNames.indexOf(name),
);

/** `rows` of as many clusters as there are seeds, each with the same share, one after the other. */
export function syntheticRows(seeds: readonly number[], rows: number): DrawnRows {
  const matrix = new Float32Array(rows * featureCount);
  const logMs = new Float32Array(rows);
  let row = 0;
  for (const [place, seed] of seeds.entries()) {
    const until = Math.floor((rows * (place + 1)) / seeds.length);
    for (const run of clusterRuns(seed, until - row)) {
      matrix.set(run.features, row * featureCount);
      logMs[row++] = run.logMs;
    }
  }
  for (let of = 0; of < rows; of++) {
    for (const feature of nameless) matrix[of * featureCount + feature] = Number.NaN;
  }
  return { rows, matrix, logMs };
}

interface Running {
  readonly end: RunEnd;
  readonly foreseen: Foreseen;
}

/** Successful runs of one cluster, in order of their submission. */
function* clusterRuns(seed: number, wanted: number) {
  const random = seededRandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const laws = Array.from({ length: programs }, (_, at) => drawLaw(at, random));
  const knowledge = emptyKnowledge();
  const running: Running[] = [];
  let nowMs = 1_700_000_000_000 + seed * 86_400_000;
  for (let done = 0; done < wanted; ) {
    nowMs += Math.round(-Math.log(1 - random()) * 120_000);
    for (const { end, foreseen } of takeEnded(running, nowMs)) learnEnd(knowledge, end, foreseen);
    // Few programs make most of the jobs.
    const law = laws[Math.floor(programs * random() ** 2.5)];
    if (law === undefined) continue;
    const tasks = random() < 0.5 ? 1 : 1 + Math.floor(tasksPerJobMax * random() ** 2);
    for (let task = 0; task < tasks && done < wanted; task++) {
      const cpus = 2 ** Math.floor(4 * random() ** 2);
      const run = drawRun(law, cpus, done / wanted, normal);
      const subject = drawSubject(law, { ...run, cpus, seed }, random, normal);
      const { groups, userEstimateMs } = subject;
      const foreseen = foresee(knowledge, subject, nowMs);
      learnSubmission(knowledge, foreseen, nowMs);
      const durationMs = Math.exp(run.logDuration);
      const succeeded = random() >= failureShare;
      const atMs = nowMs + 5_000 + Math.round(durationMs);
      running.push({ end: { groups, durationMs, userEstimateMs, succeeded, atMs }, foreseen });
      if (!succeeded) continue;
      done++;
      yield { features: foreseen.features, logMs: Math.log(Math.max(1, durationMs)) };
    }
  }
}

function drawLaw(at: number, random: () => number): Law {
  const between = (low: number, high: number): number => low + (high - low) * random();
  return {
    name: `program ${at}`,
    user: `user ${Math.floor(6 * random())}`,
    logBase: between(Math.log(200), Math.log(7_200_000)),
    sizePower: random() < 1 / 3 ? 0 : between(0.3, 1.1),
    corePower: between(0, 0.9),
    noise: between(0.03, 0.6),
    logSize: between(Math.log(1e5), Math.log(1e10)),
    sizeSpread: between(0.1, 2),
    tellsSize: random() < 0.7,
    tellsUser: random() < 0.5,
    tellsLimit: random() < 0.5,
    userBias: between(-0.3, 1.5),
    userSpread: between(0.05, 1),
    drift: random() < 0.8 ? 0 : between(-1, 1),
  };
}

interface DrawnRun {
  readonly logDuration: number;
  readonly size: number;
  readonly cpus: number;
  readonly seed: number;
}

function drawSubject(
  law: Law,
  { logDuration, size, cpus, seed }: DrawnRun,
  random: () => number,
  normal: () => number,
): Subject {
  const unknown = Number.NaN;
  const logSaid = logDuration + law.userBias + law.userSpread * normal();
  const logLimit = law.logBase + 2.5 + Math.floor(2 * random());
  return {
    cpus,
    memoryBytes: 2 ** Math.round(30 + 1.5 * normal()),
    gpus: unknown,
    timeoutMs: law.tellsLimit ? Math.exp(logLimit) : unknown,
    userEstimateMs: law.tellsUser ? Math.exp(logSaid) : unknown,
    priority: 0,
    attempt: unknown,
    arrayIndex: unknown,
    inputBytes: law.tellsSize ? size : unknown,
    inputFiles: law.tellsSize ? 1 : 0,
    workerSpeed: unknown,
    workerCpus: unknown,
    workerGpus: unknown,
    image: "",
    user: law.user,
    groups: groupsOf(law, seed, law.tellsSize ? size : null),
  };
}

function drawRun(law: Law, cpus: number, progress: number, normal: () => number) {
  const logSize = law.logSize + law.sizeSpread * normal();
  const logDuration =
    law.logBase +
    law.sizePower * (logSize - Math.log(2 ** 20)) * 0.5 -
    law.corePower * Math.log(cpus) +
    law.drift * progress +
    law.noise * normal();
  // No task takes less than a hundredth of a second or more than four days.
  const clamped = Math.min(Math.log(345_600_000), Math.max(Math.log(10), logDuration));
  return { logDuration: clamped, size: Math.round(Math.exp(Math.min(logSize, 34))) };
}

const groupsOf = (law: Law, seed: number, size: number | null): readonly string[] =>
  levelsOf(
    [
      `program ${law.name} of ${seed}`,
      `task ${law.name} of ${seed}`,
      `template ${law.user} of ${seed}`,
      `namespace of ${seed}`,
    ],
    size,
  );

/** Those whose runs have ended by then, in order of their ends; they are taken out. */
function takeEnded(running: Running[], nowMs: number): Running[] {
  const ended = running.filter(({ end }) => end.atMs <= nowMs);
  const left = running.filter(({ end }) => end.atMs > nowMs);
  running.splice(0, running.length, ...left);
  return ended.sort((a, b) => a.end.atMs - b.end.atMs);
}
