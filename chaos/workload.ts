/**
 * Jobs whose tasks bear witness themselves: each appends its start, a beat now and then, and its end
 * to a file of its own, with the time since the machine booted, which nobody steps.
 */
import { join } from "node:path";
import { benchTemplate, shell } from "../bench/jobs.js";
import { bareEntry, bareJob } from "../core/bare-job.js";
import type { Edge, JobSpec, OnLost, TaskTemplate } from "../core/job.js";
import { randomInteger, seededRandom } from "../core/random.js";
import type { Expected } from "./witness.js";

export interface ChaosJob {
  readonly key: string;
  readonly spec: JobSpec;
  /** What the witness is to know of its tasks, in their order. */
  readonly expected: readonly Expected[];
}

const beatMs = 200;

/** No other program is needed than a shell and `sleep`; a line is one write, so lines stay whole. */
const script = `say() { read -r up _ </proc/uptime; echo "$1 $up $ALMANAC_ATTEMPT $ALMANAC_WORKER" >>"$WITNESS"; }
say start
i=0; while [ $i -lt "$BEATS" ]; do sleep ${beatMs / 1_000}; say alive; i=$((i+1)); done
code=0; [ "$ALMANAC_ATTEMPT" -gt "$FAILS" ] || code=1
say "end:$code"; exit $code`;

/** Of the job with this number: the same again for the same seed. */
export function drawJob(seed: number, number: number, directory: string): ChaosJob {
  const random = seededRandom(seed * 1_000_003 + number);
  const key = `chaos-${number}`;
  const size = 1 + randomInteger(random, 6);
  const shape =
    size > 1 ? (["chain", "fork", "array"] as const)[randomInteger(random, 3)] : "array";
  const templates = Array.from({ length: size }, (_, index) => drawTask(random, `t${index}`));
  const edges: Edge[] =
    shape === "array"
      ? []
      : Array.from({ length: size - 1 }, (_, index) => ({
          from: shape === "chain" ? index : 0,
          to: index + 1,
          on: "success",
        }));
  const file = (index: number): string => join(directory, `${key}.t${index}`);
  return {
    key,
    spec: bareJob({
      name: key,
      namespace: "default",
      templates: templates.map(({ template }) => template),
      tasks: templates.map(({ template: { name }, beats, fails }, index) =>
        bareEntry(name, index, {
          WITNESS: file(index),
          BEATS: String(beats),
          FAILS: String(fails),
        }),
      ),
      edges,
    }),
    expected: templates.map(({ template }, index) => ({
      task: `${key}.t${index}`,
      mayRunTwice: template.idempotent,
      stops: template.onLost.kind === "stop",
      after: edges.filter(({ to }) => to === index).map(({ from }) => `${key}.t${from}`),
    })),
  };
}

interface DrawnTask {
  readonly template: TaskTemplate;
  readonly beats: number;
  /** Attempts up to this one fail. */
  readonly fails: number;
}

/** Kept wherever it is, stopped when contact is lost, or free to run twice: a third each. */
function drawTask(random: () => number, name: string): DrawnTask {
  const kind = randomInteger(random, 3);
  const beats = randomInteger(random, 30);
  const onLost: OnLost = kind === 1 ? { kind: "stop", afterMs: 4_000 } : { kind: "keep" };
  const fails = random() < 0.1 ? 1 + randomInteger(random, 4) : 0;
  const estimateMs = Math.max(100, beats * beatMs * 4 ** (random() * 2 - 1));
  const template = benchTemplate(shell(script), Math.round(estimateMs), {
    name,
    idempotent: kind === 2,
    onLost,
    killGraceMs: 500,
    retry: { attemptsMax: 3, backoffMs: 200, backoffMaxMs: 1_000 },
  });
  return { template, beats, fails };
}
