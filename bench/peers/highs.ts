/** HiGHS on R||Cmax and nothing else: a mixed-integer program per instance, in a thread. */
import { Worker } from "node:worker_threads";
import type { Problem } from "../../core/problem.js";
import { projectFile } from "../root.js";
import type { SolverBench } from "../solve/portfolio.js";
import type { HighsNews, HighsRequest } from "./highs-thread.js";
import {
  failedPeer,
  outcomeOf,
  type PeerAnswer,
  type PeerModel,
  type Places,
  peerModel,
} from "./peer-model.js";

export interface HighsSettings {
  readonly budgetMs: number;
  readonly seed: number;
}

/** The engine looks at its clock seldom while it solves the root. */
const graceMs = 5_000;

export function startHighs(
  { budgetMs, seed }: HighsSettings,
  entry = projectFile("dist/bench/peers/highs-thread.js"),
): SolverBench {
  const name = "highs";
  return {
    solve: async (problem) => {
      const model = peerModel(problem);
      if (typeof model === "string") return outcomeOf(problem, name, failedPeer(model));
      const durations = durationsOf(model);
      if (durations === null) {
        return outcomeOf(problem, name, failedPeer("not of the shape R||Cmax"));
      }
      const request = { durations, seconds: budgetMs / 1000, seed };
      return outcomeOf(problem, name, await ask(entry, request, model, problem));
    },
    close: async () => {},
  };
}

/** A thread for each instance: what an engine leaves behind is gone with it. */
function ask(
  entry: string,
  request: HighsRequest,
  model: PeerModel,
  problem: Problem,
): Promise<PeerAnswer> {
  return new Promise((resolve) => {
    const thread = new Worker(entry);
    let answer: PeerAnswer = { ...failedPeer("no answer"), status: "unknown" };
    let clock: NodeJS.Timeout | undefined;
    const end = (note: string): void => {
      clearTimeout(clock);
      void thread.terminate();
      resolve({ ...answer, note });
    };
    thread.on("error", (error) => end(error.message));
    thread.on("message", (message: "ready" | HighsNews) => {
      if (message === "ready") {
        thread.postMessage(request);
        clock = setTimeout(() => end("ended by the clock"), request.seconds * 1000 + graceMs);
        return;
      }
      answer = merged(answer, message, model, problem);
      if (message.kind === "end") end("");
    });
  });
}

function merged(
  known: PeerAnswer,
  news: HighsNews,
  model: PeerModel,
  problem: Problem,
): PeerAnswer {
  const places =
    news.machineOf === null ? known.places : placesOf(model, news.machineOf, known.places, problem);
  const value = places === null ? null : spanOf(places, problem);
  const isFirst = known.firstValue === null && places !== null;
  // Whole durations make whole loads; a tolerance of the engine is not taken for progress.
  const bound = Math.max(known.bound, Math.ceil(news.bound - 1e-4));
  return {
    ...known,
    status: news.isOptimal ? "optimal" : places === null ? "unknown" : "feasible",
    bound: value === null ? bound : Math.min(bound, value),
    firstValue: isFirst ? value : known.firstValue,
    firstMs: isFirst ? news.wallMs : known.firstMs,
    wallMs: news.wallMs,
    work: news.nodes,
    places,
  };
}

function placesOf(
  model: PeerModel,
  machineOf: readonly number[],
  known: Places | null,
  problem: Problem,
): Places {
  const busyUntil = new Map<number, number>();
  const found = model.tasks.map(({ options }, task): [number, number, number] => {
    const worker = machineOf[task] ?? 0;
    const option = options.find((one) => one.class === model.classOf[worker]);
    const start = busyUntil.get(worker) ?? 0;
    busyUntil.set(worker, start + (option?.duration ?? 0));
    return [option?.index ?? -1, worker, start];
  });
  return known !== null && spanOf(known, problem) <= spanOf(found, problem) ? known : found;
}

const spanOf = (places: Places, problem: Problem): number =>
  places.reduce(
    (last, [option, , start]) => Math.max(last, start + (problem.options.duration[option] ?? 0)),
    0,
  );

/** null if the problem is another than R||Cmax. */
function durationsOf(model: PeerModel): number[][] | null {
  const { tasks, edges, pools, capacity, classOf } = model;
  const isShape =
    edges.length === 0 &&
    pools.length === 0 &&
    capacity.every((row) => row.length === 1 && row[0] === 1) &&
    tasks.every(
      ({ release, options }) =>
        release <= 0 &&
        options.length > 0 &&
        options.every(({ worker, demand }) => worker < 0 && demand[0] === 1),
    );
  if (!isShape) return null;
  return tasks.map(({ options }) =>
    classOf.map(
      (of) => options.find((one) => one.class === of)?.duration ?? Number.POSITIVE_INFINITY,
    ),
  );
}
