/** Native CP-SAT, where a Python with `ortools` is installed: one process for all instances. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { projectFile } from "../root.js";
import type { SolverBench } from "../solve/portfolio.js";
import { failedPeer, outcomeOf, type PeerAnswer, type PeerModel, peerModel } from "./peer-model.js";

export interface CpSatSettings {
  readonly python: string;
  readonly workers: number;
  readonly budgetMs: number;
  readonly seed: number;
}

const answerSchema = z.object({
  status: z.enum(["optimal", "feasible", "infeasible", "unknown", "failed"]),
  bound: z.number().default(0),
  firstValue: z.number().nullable().default(null),
  firstMs: z.number().nullable().default(null),
  wallMs: z.number().default(0),
  work: z.number().default(0),
  places: z
    .array(z.tuple([z.number(), z.number(), z.number()]))
    .nullable()
    .default(null),
  note: z.string().default(""),
});

/** Beyond its budget, for building the model and for what a search does not interrupt. */
const graceMs = 60_000;

/** Throws where there is no such interpreter, or no `ortools` in it. */
export async function startCpSat(settings: CpSatSettings): Promise<SolverBench> {
  const { python, workers, budgetMs, seed } = settings;
  const name = `cpsat-${workers}`;
  let peer = await startProcess(python);
  return {
    solve: async (problem) => {
      const model = peerModel(problem);
      if (typeof model === "string") return outcomeOf(problem, name, failedPeer(model));
      const request = { problem: model, seconds: budgetMs / 1000, workers, seed };
      const answer = await peer.ask(request, budgetMs + graceMs);
      // Whoever does not answer in time, or died, is not asked again.
      if (answer.status === "failed" && !peer.isAlive()) peer = await startProcess(python);
      return outcomeOf(problem, name, answer);
    },
    close: async () => peer.end(),
  };
}

interface Request {
  readonly problem: PeerModel;
  readonly seconds: number;
  readonly workers: number;
  readonly seed: number;
}

async function startProcess(python: string) {
  const child: ChildProcessWithoutNullStreams = spawn(python, [
    projectFile("bench/peers/cpsat.py"),
  ]);
  let alive = true;
  let lastWords = "";
  let take: (line: string | null) => void = () => {};
  child.stderr.on("data", (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-2_000);
  });
  // A pipe that breaks is heard of by the exit.
  child.stdin.on("error", () => {});
  child.on("error", (error) => {
    lastWords = error.message;
    alive = false;
    take(null);
  });
  child.on("exit", () => {
    alive = false;
    take(null);
  });
  createInterface({ input: child.stdout }).on("line", (line) => take(line));
  const hear = (waitMs: number): Promise<string | null> =>
    new Promise((resolve) => {
      if (!alive) return resolve(null);
      const clock = setTimeout(() => {
        alive = false;
        child.kill("SIGKILL");
        resolve(null);
      }, waitMs);
      take = (line) => {
        clearTimeout(clock);
        resolve(line);
      };
    });
  if ((await hear(graceMs)) === null) {
    throw new Error(`${python} with ortools is not to be had: ${lastWords.trim()}`);
  }
  return {
    isAlive: () => alive,
    end: (): void => void child.kill("SIGKILL"),
    ask: async (request: Request, waitMs: number): Promise<PeerAnswer> => {
      const line = hear(waitMs);
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = await line;
      return answer === null
        ? failedPeer(`no answer: ${lastWords.trim()}`)
        : answerSchema.parse(JSON.parse(answer));
    },
  };
}
