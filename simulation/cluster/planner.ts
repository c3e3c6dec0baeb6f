/**
 * The planner's service, with real engines run one after another in the process that owns them, for
 * counted work, and a small predictor. It can hang, and it can answer garbage.
 */
import { lowerBound } from "../../core/bounds.js";
import { evaluate } from "../../core/check.js";
import type { Plan } from "../../core/plan.js";
import type { PlanOrder, PlanUpdate } from "../../core/planning.js";
import type { Problem } from "../../core/problem.js";
import { randomInteger } from "../../core/random.js";
import { repair } from "../../core/repair.js";
import { fail, type Result } from "../../core/result.js";
import type { Answered, Ask, PlannerPort, PlanStream } from "../../master/shell/planner-port.js";
import type { Solver } from "../../planner/solver.js";
import { decodePlanRequest, encodePlanUpdate } from "../../proto/codec/plan.js";
import {
  decodeEstimateRequest,
  decodeHistoryRequest,
  encodeEstimateResponse,
  encodeHistoryAnswer,
} from "../../proto/codec/prediction.js";
import { ProblemAssembler } from "../../proto/codec/problem.js";
import type { PlanReply, PlanRequest } from "../../proto/codec/services.js";
import type { Surroundings } from "../surroundings.js";
import { Connection } from "../world/connection.js";
import { Machine, SimulatedProcess } from "../world/machine.js";
import { raving, SimulatedPredictor } from "./predictor.js";

export const plannerName = "planner";

/** What of engines a run may spend: enough to find better plans than greedy, and to lose races. */
const workUnits = 500;

export class PlannerNode {
  readonly machine: Machine;
  process: SimulatedProcess;
  /** Answers plans that break every rule. */
  isMad = false;
  readonly #world: Surroundings;
  readonly #solvers: readonly Solver[];
  #predictor = new SimulatedPredictor();

  constructor(world: Surroundings, solvers: readonly Solver[]) {
    this.#world = world;
    this.#solvers = solvers;
    this.machine = new Machine(plannerName, world.time);
    this.machine.powerOn();
    this.process = new SimulatedProcess(this.machine);
  }

  restart(): void {
    this.process.end("killed");
    this.#predictor = new SimulatedPredictor();
    this.process = new SimulatedProcess(this.machine);
  }

  connect(master: SimulatedProcess): PlannerPort {
    const unserved: Ask<unknown, never> = (_request, withinMs, done) =>
      this.#ask(master, withinMs, done, () => {
        throw new Error("nobody asks for models here");
      });
    return {
      plan: () => this.#plan(master),
      estimate: (request, withinMs, done) =>
        this.#ask(master, withinMs, done, () => {
          const subjects = decoded(decodeEstimateRequest(request));
          return encodeEstimateResponse(subjects.map((one) => this.#predictor.foresee(one)));
        }),
      history: (request, withinMs, done) =>
        this.#ask(master, withinMs, done, () => {
          const answer = this.#predictor.take(decoded(decodeHistoryRequest(request)));
          return encodeHistoryAnswer(this.isMad ? raving(answer, this.#world.random) : answer);
        }),
      listModels: unserved,
      trainModel: unserved,
      evaluateModel: unserved,
      importModel: unserved,
      close: () => undefined,
    };
  }

  /** One call: there and back over the network, to the process that was there when it was made. */
  #ask<Reply>(
    master: SimulatedProcess,
    withinMs: number,
    done: Answered<Reply>,
    serve: () => Reply,
  ): void {
    let answered = false;
    const answer: Answered<Reply> = (failure, reply) => {
      if (answered) return;
      answered = true;
      late.clear();
      done(failure, reply);
    };
    const failed = (hung: boolean, message: string): void =>
      answer({ hung, message, error: fail("unavailable", message).error }, null);
    const late = master.clock.after(withinMs, () => failed(true, "no answer"));
    const { network, time } = this.#world;
    const { process } = this;
    if (!process.isAlive) {
      master.clock.after(1, () => failed(false, "refused"));
      return;
    }
    if (network.isCut("master", plannerName) || network.isCut(plannerName, "master")) return;
    time.at(time.nowMs + network.latencyMs(), () =>
      process.deliver(() => {
        const reply = serve();
        time.at(time.nowMs + network.latencyMs(), () => master.deliver(() => answer(null, reply)));
      }),
    );
  }

  #plan(master: SimulatedProcess): PlanStream {
    const { process } = this;
    const connection = new Connection<PlanRequest, PlanReply>(this.#world.network, master, process);
    const { server } = connection;
    const assembler = new ProblemAssembler({ bytesMax: 2 ** 26 });
    let order: PlanOrder | null = null;
    let missing = 0;
    server.on("data", (message: PlanRequest) => {
      const request = decodePlanRequest(message);
      if (!request.ok) return server.emit("error", request.error);
      if (request.value.kind === "cancel") return;
      if (request.value.kind === "start") {
        ({ order, chunks: missing } = request.value);
        return;
      }
      assembler.add(request.value.chunk);
      missing -= 1;
      if (missing > 0 || order === null) return;
      const problem = assembler.finish();
      if (!problem.ok) return server.emit("error", problem.error);
      const given = order;
      // Planning takes its time, of which much may happen meanwhile.
      const thinkMs = 5 + randomInteger(this.#world.random, 400);
      process.clock.after(thinkMs, () =>
        this.#answer(given, problem.value, (update) => {
          server.write(encodePlanUpdate(update));
        }),
      );
    });
    return connection.client;
  }

  #answer(order: PlanOrder, problem: Problem, send: (update: PlanUpdate) => void): void {
    const bound = lowerBound(problem).value;
    let best = repair(problem).plan;
    let value = evaluate(problem, best).value;
    let solver = "repair";
    for (const engine of this.#solvers) {
      if (engine.declines(problem) !== null) continue;
      const report = engine.start(problem, order.seed).step(workUnits, {
        plan: best,
        value,
        bound,
        interrupted: () => false,
        progress: () => undefined,
      });
      if (report.improved === null) continue;
      const improved = evaluate(problem, report.improved).value;
      if (improved >= value) continue;
      best = report.improved;
      value = improved;
      solver = engine.name;
    }
    const plan = this.isMad ? garbled(best, problem, this.#world.random) : best;
    const { parts } = evaluate(problem, best);
    // A mad one claims to have proven what cannot be true.
    const claimed = this.isMad ? 10 * value + 1_000 : bound;
    send({
      kind: "incumbent",
      incumbent: { solver, plan, value, parts, bound: claimed, workUnits, wallMs: 1 },
    });
    send({
      kind: "finished",
      summary: {
        reason: "budget",
        value,
        bound: claimed,
        workUnits,
        wallMs: 1,
        deterministic: true,
        solvers: [],
      },
    });
  }
}

function decoded<T>(request: Result<T>): T {
  if (!request.ok) throw new Error(`the master says nonsense: ${request.error.message}`);
  return request.value;
}

/** The same shape, and nothing else of a plan: other workers, other times. */
function garbled(plan: Plan, problem: Problem, random: () => number): Plan {
  const any = (bound: number): number => randomInteger(random, Math.max(1, bound));
  return {
    ...plan,
    worker: plan.worker.map(() => any(problem.workers.count)),
    start: plan.start.map((start) => Math.max(0, start - any(1_000))),
  };
}
