/** `bench predict`: how well durations are predicted, on recorded traces, in the order of time. */
import { Command, Option } from "@commander-js/extra-typings";
import { type BoostSettings, boostDefaults } from "../../models/pure/boost.js";
import { trainingPace } from "../../models/pure/examples.js";
import { printTable, round, writeJson } from "../report.js";
import { anchor, globalMean, groupMedian, lastTwo, userEstimate } from "./baselines.js";
import { acrossMachines, type MachineError } from "./lotaru-speed.js";
import { replayMemory } from "./memory.js";
import { createLearner, expertsOfServed, type Learner, ownTrees, single } from "./models.js";
import { plainTrees } from "./plain-trees.js";
import { readTrace } from "./read.js";
import { type Method, type Result, replay } from "./replay.js";
import { type Deed, served, servedWithoutModel } from "./served.js";
import type { Trace } from "./trace.js";

const methodNames = ["user", "mean", "last-two", "median", "anchor", "trees", "experts", "almanac"];

interface TraceResult {
  readonly trace: string;
  readonly rows: number;
  readonly skipped: number;
  readonly wallMs: number;
  readonly results: readonly Result[];
  readonly trainings: Learner["trainings"];
  /** What became of the models. */
  readonly deeds: readonly Deed[];
  readonly machines: readonly MachineError[] | null;
}

export const predictBench = () =>
  new Command("predict")
    .description("replays recorded traces: predicted at submission, learnt from what had ended")
    .requiredOption("--trace <file...>", "SWF, Nextflow CSV, or a directory of such or of Lotaru")
    .option("--method <name...>", `only these of ${methodNames.join(", ")}`)
    .option("--seed <n>", "of the trainings", Number, 1)
    .option("--reads-as-input", "of Nextflow traces: suppose that inputs were what tasks read")
    .addOption(
      new Option("--target <what>", "what is predicted")
        .choices(["duration", "memory"] as const)
        .default("duration" as const),
    )
    .option("--json <file>", "write the figures here")
    .action(
      ({
        trace: paths,
        method: wanted = methodNames,
        seed,
        readsAsInput = false,
        target,
        json,
      }) => {
        const unknown = wanted.filter((name) => !methodNames.includes(name));
        if (unknown.length > 0) {
          throw new Error(`--method ${unknown[0]}: expected one of ${methodNames.join(", ")}`);
        }
        if (target === "memory") return predictMemory(paths, json);
        const all: TraceResult[] = [];
        for (const path of paths) {
          const { trace, lotaru } = readTrace(path, readsAsInput);
          const settings = { ...boostDefaults, seed };
          const learner = createLearner(settings, trainingPace);
          const beganAtMs = performance.now();
          const ours = served(trace, learner);
          const results = replay(trace, methodsOf(trace, learner, ours, settings, wanted));
          const wallMs = performance.now() - beganAtMs;
          const machines = lotaru === null ? null : acrossMachines(lotaru);
          const { name, rows, skipped } = trace;
          const { trainings } = learner;
          const { deeds } = ours;
          const result = {
            trace: name,
            rows,
            skipped,
            wallMs,
            results,
            trainings,
            deeds,
            machines,
          };
          print(result);
          all.push(result);
        }
        writeJson(json, all);
      },
    );

function predictMemory(paths: readonly string[], json: string | undefined): void {
  const all = paths.map((path) => {
    const { trace } = readTrace(path);
    const scores = replayMemory(trace);
    if (scores.length === 0) throw new Error(`${path}: no peak of memory is recorded`);
    printTable(
      `${trace.name}: memory`,
      scores.map(({ method, runs, within, overAll, overMedian }) => ({
        method,
        runs,
        "within %": round(100 * within),
        "set aside / used": round(overAll, 2),
        "median of those": round(overMedian, 2),
      })),
    );
    return { trace: trace.name, scores };
  });
  writeJson(json, all);
}

function methodsOf(
  trace: Trace,
  learner: Learner,
  ours: Method,
  settings: BoostSettings,
  wanted: readonly string[],
): Method[] {
  const methods: Record<string, () => Method[]> = {
    user: () => [userEstimate(trace)],
    mean: () => [globalMean()],
    "last-two": () => [lastTwo(trace)],
    median: () => [groupMedian()],
    anchor: () => [anchor()],
    trees: () => [plainTrees(settings)],
    experts: () => [ownTrees(learner), ...expertsOfServed.map((name) => single(learner, name))],
    almanac: () => [servedWithoutModel(trace), ours],
  };
  return wanted.flatMap((name) => methods[name]?.() ?? []);
}

function print({
  trace,
  rows,
  skipped,
  wallMs,
  results,
  trainings,
  deeds,
  machines,
}: TraceResult): void {
  const trained = `${trainings.length} trainings in ${round(sumMs(trainings) / 1_000)} s`;
  const title = `${trace}: ${rows} runs, ${skipped} skipped, ${round(wallMs / 1_000)} s, ${trained}`;
  printTable(title, results.map(rowOf));
  const experts = results.filter((result) => result.experts.length > 0);
  printTable(
    "weights of the experts, and how often each weighed most (%)",
    experts.map((result) => ({
      method: result.method,
      ...Object.fromEntries(
        expertsOfServed.map((name, place) => {
          const { weight = 0, led = 0 } = result.experts[place] ?? {};
          return [name, `${round(100 * weight)} (${round(100 * led)})`];
        }),
      ),
    })),
  );
  if (deeds.length > 0) printTable("models", deedRows(deeds));
  if (machines !== null) {
    printTable(
      "across machines: median error (%) with one speed factor learnt from other workflows",
      machines.map(({ machine, runs, factorless, withFactor }) => ({
        machine,
        runs,
        "as on the reference": round(factorless),
        "with the factor": round(withFactor),
      })),
    );
  }
}

/** Successors of a line that is served are but counted. */
function deedRows(deeds: readonly Deed[]) {
  const told = deeds.filter(({ kind }) => kind !== "renew");
  return told.map(({ runs, kind, version, because }) => ({ runs, version, kind, because }));
}

const sumMs = (trainings: Learner["trainings"]): number =>
  trainings.reduce((sum, { ms }) => sum + ms, 0);

const rowOf = ({ method, scores: { all, cold, warm } }: Result) => ({
  method,
  "mean |log|": round(all.meanLogError, 3),
  "of s + 1": round(all.meanLogSecondsError, 3),
  "median %": round(all.medianPercentError),
  "within 2x %": round(100 * all.withinTwo),
  "pinball 50": round(all.pinball50, 3),
  "pinball 90": round(all.pinball90, 3),
  "p90 covers %": round(100 * all.coverage90),
  spread: round(all.meanLogSpread, 2),
  warm: round(warm.meanLogError, 3),
  cold: round(cold.meanLogError, 3),
  "cold runs": cold.rows,
});
