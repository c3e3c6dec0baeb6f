/**
 * The master's side of planning: when to ask the planner, whether it is well, and what happens
 * without it. Everything here is optional to the cluster: with the planner away, hung or wrong,
 * dispatch goes on with greedy placement.
 */
import type { Logger } from "pino";
import { lowerBound } from "../../core/bounds.js";
import { evaluate } from "../../core/check.js";
import type { Clock, Timer } from "../../core/clock.js";
import {
  type EstimateSubject,
  type HistoryRecord,
  predictionLimits,
} from "../../core/prediction.js";
import { taskRunning } from "../../core/problem.js";
import type { Estimate, PlannerStatus } from "../../core/views.js";
import { decodeEstimateResponse, encodeEstimateRequest } from "../../proto/codec/prediction.js";
import type { Recorded } from "../pure/events.js";
import { greedyName } from "../pure/place.js";
import { placeAtOnce } from "../pure/place-at-once.js";
import { type BuiltProblem, buildProblem } from "../pure/problem.js";
import { makesSense } from "../pure/revise.js";
import type { Engine } from "./engine.js";
import type { PlannerPort } from "./planner-port.js";
import { PlanningRun } from "./planning-run.js";
import { PredictorClient } from "./predictor-client.js";

export interface PlannerClientOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Called for each connection: certificates change. null: plan by greedy placement alone. */
  readonly connect: (() => PlannerPort) | null;
  readonly budgetMs: number;
  /** Empty: all. */
  readonly solvers: readonly string[];
  readonly seed: number;
  /** What jobs teach the predictor that are no longer in memory. Absent: nothing is known. */
  readonly past?: () => Promise<readonly HistoryRecord[]>;
  /** Estimates of a predictor that has been gone for this long are withdrawn. Absent: 30 s. */
  readonly withdrawnAfterMs?: number;
  readonly log: Logger;
}

/** How often it is asked whether planning is due. */
const pollMs = 50;
/** A planner that has not finished this long after its budget is hung. */
const graceMs = 2_000;
/** Between two signs of life that are asked for, and how long one may take. */
const pingMs = 1_000;
const pingDeadlineMs = 1_500;
/** Between two runs for a state that only went on, rest this many times the last run. */
const restFactor = 2;
const restMaxMs = 5_000;
const withdrawnAfterDefaultMs = 30_000;
/** Without a planner, all free tasks are placed anew this often at most. */
const replaceMs = 2_000;

export class PlannerClient {
  readonly #options: PlannerClientOptions;
  #client: PlannerPort | null;
  readonly #predictor: PredictorClient;
  #status: PlannerStatus;
  #timers: Timer[] = [];
  #run: PlanningRun | null = null;
  /** State for which planning was last begun. */
  #plannedFacts = -1;
  #plannedShape = "";
  /** Jobs, since this master leads: how many it knows says nothing, for finished ones leave. */
  #submitted = 0;
  #notBeforeMs = 0;
  #count = 0;

  constructor(options: PlannerClientOptions) {
    const { connect, engine, log, past = async () => [] } = options;
    const { withdrawnAfterMs = withdrawnAfterDefaultMs } = options;
    this.#options = options;
    this.#predictor = new PredictorClient({ engine, log, past, withdrawnAfterMs });
    this.#client = connect === null ? null : connect();
    this.#status = {
      state: connect === null ? "off" : "unreachable",
      message: connect === null ? "no planner is configured" : "not reached yet",
      plansReceived: 0,
      plansAdopted: 0,
      plansRejected: 0,
      lastHeardAtMs: null,
    };
  }

  get status(): PlannerStatus {
    return this.#status;
  }

  /** The connection, whether or not anybody answers there; null: no planner is configured. */
  get port(): PlannerPort | null {
    return this.#client;
  }

  start(): void {
    const { clock } = this.#options;
    this.#predictor.start();
    this.#timers = [
      clock.every(pollMs, () => this.#poll()),
      clock.every(pingMs, () => this.#ping()),
    ];
    this.#ping();
  }

  stop(): void {
    for (const timer of this.#timers) timer.clear();
    this.#run?.abandon();
    this.#client?.close();
  }

  /** With the certificates as they are now, on both sides. */
  reconnect(): void {
    const { connect } = this.#options;
    if (connect === null) return;
    const before = this.#client;
    this.#abandon();
    this.#client = connect();
    this.#predictor.gone();
    before?.close();
  }

  /** What the predictor foresees of tasks that are only asked about; nothing where it is not there. */
  async estimates(
    subjects: readonly EstimateSubject[],
    withinMs: number,
  ): Promise<ReadonlyMap<string, Estimate>> {
    const port = this.#client;
    const some = subjects.slice(0, predictionLimits.subjectsPerRequest);
    if (port === null || this.#status.state !== "connected" || some.length === 0) return new Map();
    return new Promise((resolve) => {
      port.estimate(encodeEstimateRequest(some), withinMs, (_failure, reply) => {
        const answer = reply === null ? null : decodeEstimateResponse(reply, some.length);
        const estimates = answer?.ok === true ? answer.value : [];
        const known = estimates.flatMap((estimate, at): [string, Estimate][] =>
          makesSense(estimate) ? [[some[at]?.key ?? "", estimate]] : [],
        );
        resolve(new Map(known));
      });
    });
  }

  /** What has happened, for the predictor behind the planner. */
  happened(events: readonly Recorded[]): void {
    if (this.#client !== null) this.#predictor.happened(events);
    for (const { event } of events) if (event.type === "JobSubmitted") this.#submitted += 1;
  }

  #poll(): void {
    this.#predictor.poll(this.#status.state === "connected" ? this.#client : null);
    this.#pollPlan();
  }

  #pollPlan(): void {
    const { engine, budgetMs } = this.#options;
    const { state, nowMs } = engine;
    const shape = `${this.#submitted} ${shapeOf(engine)}`;
    const run = this.#run;
    if (run !== null) {
      const limitMs = budgetMs + graceMs;
      if (shape !== this.#plannedShape) this.#abandon();
      else if (nowMs - run.startedAtMs <= limitMs) run.offer();
      else this.#unhealthy("hung", `no answer ${limitMs} ms after the order`);
      return;
    }
    if (state.facts === this.#plannedFacts || state.index.openJobs.size === 0) return;
    const connected = this.#status.state === "connected";
    const urgent = connected && shape !== this.#plannedShape;
    if (urgent || nowMs >= this.#notBeforeMs) this.#begin(shape, connected);
  }

  #begin(shape: string, connected: boolean): void {
    const { engine, budgetMs, seed, solvers, log } = this.#options;
    const { state, nowMs } = engine;
    this.#plannedFacts = state.facts;
    this.#plannedShape = shape;
    const built = buildProblem(state, nowMs, "free");
    const { problem, tasks } = built;
    if (tasks.every((_, row) => problem.tasks.state[row] === taskRunning)) return;
    if (this.#client === null || !connected) return this.#replaceGreedily(built);
    this.#count++;
    const order = {
      planId: `${state.epoch}-${this.#count}`,
      budget: { workUnits: 0, wallMs: budgetMs },
      seed: seed + this.#count,
      solvers,
    };
    log.debug({ plan: order.planId, tasks: tasks.length }, "planning");
    const hooks = {
      heard: () => this.#healthy(),
      received: () => this.#tally("plansReceived"),
      answered: ({ adopted }: { readonly adopted: boolean }) =>
        this.#tally(adopted ? "plansAdopted" : "plansRejected"),
      finished: () => this.#rest(),
      failed: (message: string) => this.#unhealthy("unreachable", message),
    };
    const stream = this.#client.plan();
    this.#run = new PlanningRun({ engine, log, stream, order, built, hooks });
  }

  /** A run is over: the next one waits, so that planning takes a share of the machine only. */
  #rest(): void {
    const { nowMs } = this.#options.engine;
    const tookMs = nowMs - (this.#run?.startedAtMs ?? nowMs);
    this.#run = null;
    this.#notBeforeMs = nowMs + Math.min(restMaxMs, restFactor * tookMs);
  }

  /** What was being planned is no longer what is to be planned. */
  #abandon(): void {
    this.#run?.abandon();
    this.#run = null;
    this.#notBeforeMs = 0;
    this.#plannedFacts = -1;
  }

  /** A planner that is stopped rather than dead keeps its connection; only an answer proves life. */
  #ping(): void {
    this.#client?.estimate(encodeEstimateRequest([]), pingDeadlineMs, (failure) => {
      if (failure === null) return this.#healthy();
      this.#unhealthy(failure.hung ? "hung" : "unreachable", failure.message);
    });
  }

  #healthy(): void {
    const lastHeardAtMs = this.#options.engine.nowMs;
    const changed = this.#status.state !== "connected";
    this.#status = { ...this.#status, state: "connected", message: "", lastHeardAtMs };
    if (changed) this.#report();
  }

  /** Degraded, not down: greedy placement goes on in the planner's stead. */
  #unhealthy(state: "unreachable" | "hung", message: string): void {
    const changed = this.#status.state !== state;
    this.#status = { ...this.#status, state, message };
    this.#predictor.gone();
    if (changed || this.#run !== null) this.#abandon();
    if (changed) this.#report();
  }

  /** All free tasks placed anew: without a planner nothing else would ever move one. */
  #replaceGreedily(built: BuiltProblem): void {
    const { engine } = this.#options;
    const { problem, modes } = built;
    const plan = placeAtOnce(problem);
    const proposal = {
      solver: greedyName,
      problem,
      modes,
      plan,
      value: evaluate(problem, plan).value,
      bound: lowerBound(problem).value,
      facts: engine.state.facts,
      planVersion: engine.state.plan.version,
    };
    this.#notBeforeMs = engine.nowMs + replaceMs;
    engine.execute({ type: "AdoptPlan", ...proposal }, "master").catch(() => undefined);
  }

  #tally(what: "plansReceived" | "plansAdopted" | "plansRejected"): void {
    this.#status = { ...this.#status, [what]: this.#status[what] + 1 };
  }

  #report(): void {
    const { state, message } = this.#status;
    this.#options.log.info({ planner: state, why: message }, "planner");
  }
}

/** Changes when there are other machines to plan for: not as work goes on. */
function shapeOf({ state }: Engine): string {
  const workers = [...state.workers.values()].map(
    ({ id, state: s, incarnation, cordonedAtMs, drain, maintenance }) => {
      const closed = [cordonedAtMs, drain?.beganAtMs, drain?.stage, maintenance.map((w) => w.id)];
      return `${id} ${s === "lost"} ${incarnation.session} ${closed.join()}`;
    },
  );
  return workers.join();
}
