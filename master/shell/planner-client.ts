/**
 * The master's side of planning: builds a Problem when the state has moved on, streams it to the
 * planner, and offers the better plans that come back for admission. Everything here is optional
 * to the cluster: with the planner away, hung or wrong, dispatch goes on with greedy placement.
 */
import { type ClientDuplexStream, credentials, Metadata, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { lowerBound } from "../../core/bounds.js";
import { evaluate } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import type { PlanIncumbent, PlanUpdate } from "../../core/planning.js";
import { taskRunning } from "../../core/problem.js";
import type { PlannerStatus } from "../../core/views.js";
import {
  decodePlanUpdate,
  encodeEstimateRequest,
  encodeHistoryRequest,
  encodePlanRequests,
} from "../../proto/codec/plan.js";
import {
  PlannerServiceClient,
  type PlanReply,
  type PlanRequest,
} from "../../proto/codec/services.js";
import type { Recorded } from "../pure/events.js";
import { type BuiltProblem, buildProblem } from "../pure/problem.js";
import type { Engine } from "./engine.js";
import { PlannerHistory } from "./planner-history.js";

export interface PlannerClientOptions {
  readonly engine: Engine;
  /** null: plan by greedy placement alone. */
  readonly address: string | null;
  readonly budgetMs: number;
  readonly seed: number;
  readonly log: Logger;
  /** Health of the whole master follows from this. */
  readonly changed: (status: PlannerStatus) => void;
}

/** How often it is asked whether planning is due. */
const pollMs = 50;
/** A planner that has not answered this long after its budget is hung. */
const graceMs = 2_000;
/** Between two signs of life that are asked for, and how long one may take. */
const pingMs = 1_000;
const pingDeadlineMs = 1_500;
/** Without a planner, all free tasks are placed anew this often at most. */
const replaceMs = 2_000;
/** Between two runs for a state that only went on, rest this many times the last run. */
const restFactor = 2;
const restMaxMs = 5_000;
/** Adopting costs a rebuild and a check: do it this often at most. */
const adoptIntervalMs = 200;
const messageBytesMax = 64 * 1024 * 1024;

interface Run {
  readonly stream: ClientDuplexStream<PlanRequest, PlanReply>;
  readonly built: BuiltProblem;
  readonly facts: number;
  readonly planVersion: number;
  /** Workers and jobs when it began: a change of these makes its answer worth little. */
  readonly shape: string;
  readonly startedAtMs: number;
  best: PlanIncumbent | null;
  bound: number;
  offering: boolean;
  offeredAtMs: number;
  finished: boolean;
}

export class PlannerClient {
  readonly #options: PlannerClientOptions;
  readonly #client: PlannerServiceClient | null;
  readonly #history: PlannerHistory;
  #run: Run | null = null;
  #timers: NodeJS.Timeout[] = [];
  #plannedFacts = -1;
  #plannedShape = "";
  #notBeforeMs = 0;
  #count = 0;
  #status: PlannerStatus;

  constructor(options: PlannerClientOptions) {
    this.#options = options;
    this.#history = new PlannerHistory(options.engine.state);
    this.#client =
      options.address === null
        ? null
        : new PlannerServiceClient(options.address, credentials.createInsecure(), {
            "grpc.max_receive_message_length": messageBytesMax,
            "grpc.initial_reconnect_backoff_ms": 200,
            "grpc.min_reconnect_backoff_ms": 200,
            "grpc.max_reconnect_backoff_ms": 1_000,
          });
    this.#status = {
      state: options.address === null ? "off" : "unreachable",
      message: options.address === null ? "no planner is configured" : "not reached yet",
      plansReceived: 0,
      plansAdopted: 0,
      plansRejected: 0,
      lastHeardAtMs: null,
    };
  }

  /** What has happened, for the predictor behind the planner. */
  happened(events: readonly Recorded[]): void {
    this.#history.happened(events);
  }

  get status(): PlannerStatus {
    return this.#status;
  }

  start(): void {
    this.#timers = [
      setInterval(() => this.#poll(), pollMs),
      setInterval(() => this.#ping(), pingMs),
    ];
    this.#ping();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#run?.stream.cancel();
    this.#client?.close();
  }

  #poll(): void {
    const { engine } = this.#options;
    const nowMs = engine.nowMs;
    const run = this.#run;
    if (run !== null) {
      if (run.shape !== this.#shape()) return this.#abandon(run, "the cluster or its jobs changed");
      const limitMs = this.#options.budgetMs + graceMs;
      if (nowMs - run.startedAtMs > limitMs) {
        this.#abandon(run, null);
        this.#unhealthy("hung", `no answer ${limitMs} ms after the order`);
      } else {
        this.#offer(run);
      }
      return;
    }
    const due = engine.state.facts !== this.#plannedFacts && engine.state.index.openJobs.size > 0;
    if (!due) return;
    const connected = this.#status.state === "connected";
    const urgent = connected && this.#shape() !== this.#plannedShape;
    if (urgent || nowMs >= this.#notBeforeMs) this.#begin(nowMs, connected);
  }

  /** A planner that is stopped rather than dead keeps its connection; only an answer proves life. */
  #ping(): void {
    this.#client?.estimate(
      encodeEstimateRequest([]),
      new Metadata(),
      { deadline: Date.now() + pingDeadlineMs },
      (error) => {
        if (error === null) {
          this.#healthy();
          return this.#teach();
        }
        const hung = error.code === status.DEADLINE_EXCEEDED;
        if (this.#run !== null) this.#abandon(this.#run, error.message);
        this.#unhealthy(hung ? "hung" : "unreachable", error.message);
      },
    );
  }

  #teach(): void {
    const runs = this.#history.next();
    if (runs.length === 0) return;
    const deadline = Date.now() + pingDeadlineMs;
    this.#client?.history(
      encodeHistoryRequest(runs),
      new Metadata(),
      { deadline },
      (error, reply) => {
        if (error === null) this.#history.taken(reply.sequence);
      },
    );
  }

  /** Changes when there is more to plan, or other machines to plan for: not as work goes on. */
  #shape(): string {
    const { state } = this.#options.engine;
    const workers = [...state.workers.values()].map(
      ({ id, state: s, incarnation }) => `${id} ${s === "lost"} ${incarnation.session}`,
    );
    return `${state.jobs.size} ${workers.join()}`;
  }

  #begin(nowMs: number, connected: boolean): void {
    const { engine, budgetMs, seed, log } = this.#options;
    const { state } = engine;
    this.#plannedFacts = state.facts;
    this.#plannedShape = this.#shape();
    const built = buildProblem(state, nowMs, "free");
    if (built.problem.tasks.state.every((s) => s === taskRunning) || built.tasks.length === 0) {
      return;
    }
    if (this.#client === null || !connected) return this.#replaceGreedily(built);
    const stream = this.#client.plan();
    const run: Run = {
      stream,
      built,
      facts: state.facts,
      planVersion: state.plan.version,
      shape: this.#plannedShape,
      startedAtMs: nowMs,
      best: null,
      bound: 0,
      offering: false,
      offeredAtMs: 0,
      finished: false,
    };
    this.#run = run;
    this.#count++;
    stream.on("data", (reply: PlanReply) => this.#receive(run, reply));
    stream.on("error", (error) => this.#failed(run, error.message));
    stream.on("end", () => this.#failed(run, "the planner ended the stream"));
    const order = {
      planId: `${state.epoch}-${this.#count}`,
      budget: { workUnits: 0, wallMs: budgetMs },
      seed: seed + this.#count,
      solvers: [],
    };
    log.debug({ plan: order.planId, tasks: built.tasks.length }, "planning");
    for (const request of encodePlanRequests(order, built.problem)) stream.write(request);
  }

  #receive(run: Run, reply: PlanReply): void {
    if (this.#run !== run) return;
    const decoded = decodePlanUpdate(reply, run.built.problem.tasks.count);
    if (!decoded.ok) {
      this.#options.log.warn({ error: decoded.error }, "the planner answered nonsense");
      this.#abandon(run, decoded.error.message);
      return this.#unhealthy("unreachable", decoded.error.message);
    }
    this.#healthy();
    this.#take(run, decoded.value);
  }

  #take(run: Run, update: PlanUpdate): void {
    switch (update.kind) {
      case "accepted":
        return;
      case "incumbent":
        run.best = update.incumbent;
        run.bound = Math.max(run.bound, update.incumbent.bound);
        this.#status = { ...this.#status, plansReceived: this.#status.plansReceived + 1 };
        return this.#offer(run);
      case "bound":
        run.bound = Math.max(run.bound, update.bound.bound);
        return;
      case "finished":
        run.finished = true;
        run.bound = Math.max(run.bound, update.summary.bound);
        run.offeredAtMs = 0;
        this.#offer(run);
        return this.#rest(run);
    }
  }

  /** The newest best plan, one at a time and not too often. */
  #offer(run: Run): void {
    const { engine, log } = this.#options;
    const { best } = run;
    if (best === null || run.offering) return;
    if (engine.nowMs - run.offeredAtMs < adoptIntervalMs && !run.finished) return;
    run.best = null;
    run.offering = true;
    run.offeredAtMs = engine.nowMs;
    const { solver, plan, value } = best;
    const { facts, planVersion } = run;
    void engine
      .execute(
        {
          type: "AdoptPlan",
          solver,
          problem: run.built.problem,
          plan,
          value,
          bound: run.bound,
          facts,
          planVersion,
        },
        "planner",
      )
      .then((reply) => {
        run.offering = false;
        if (!reply.ok || reply.value.kind !== "adopt") return;
        const { adopt } = reply.value;
        const { plansAdopted, plansRejected } = this.#status;
        this.#status = adopt.adopted
          ? { ...this.#status, plansAdopted: plansAdopted + 1 }
          : { ...this.#status, plansRejected: plansRejected + 1 };
        log.debug({ solver, value, bound: run.bound, ...adopt }, "plan offered");
        if (run.finished) this.#offer(run);
      })
      .catch(() => {});
  }

  /** A run is over: the next one waits, so that planning takes a share of the machine only. */
  #rest(run: Run): void {
    const { nowMs } = this.#options.engine;
    this.#run = null;
    this.#notBeforeMs = nowMs + Math.min(restMaxMs, restFactor * (nowMs - run.startedAtMs));
    run.stream.end();
  }

  #abandon(run: Run, why: string | null): void {
    this.#run = null;
    run.stream.cancel();
    if (why !== null) this.#options.log.debug({ why }, "planning run abandoned");
    this.#notBeforeMs = 0;
    this.#plannedFacts = -1;
  }

  #failed(run: Run, message: string): void {
    if (this.#run !== run) return;
    this.#run = null;
    this.#unhealthy("unreachable", message);
  }

  #healthy(): void {
    const lastHeardAtMs = this.#options.engine.nowMs;
    const changed = this.#status.state !== "connected";
    this.#status = { ...this.#status, state: "connected", message: "", lastHeardAtMs };
    if (!changed) return;
    this.#history.plannerReturned();
    this.#report();
  }

  /** Degraded, not down: greedy placement goes on in the planner's stead. */
  #unhealthy(state: "unreachable" | "hung", message: string): void {
    const changed = this.#status.state !== state;
    this.#status = { ...this.#status, state, message };
    if (!changed) return;
    this.#notBeforeMs = 0;
    this.#plannedFacts = -1;
    this.#report();
  }

  /** All free tasks placed anew: without a planner nothing else would ever move one. */
  #replaceGreedily(built: BuiltProblem): void {
    const { engine } = this.#options;
    const plan = greedy(built.problem);
    const { value } = evaluate(built.problem, plan);
    const { facts, plan: current } = engine.state;
    this.#notBeforeMs = engine.nowMs + replaceMs;
    void engine
      .execute(
        {
          type: "AdoptPlan",
          solver: "greedy",
          problem: built.problem,
          plan,
          value,
          bound: lowerBound(built.problem).value,
          facts,
          planVersion: current.version,
        },
        "master",
      )
      .catch(() => {});
  }

  #report(): void {
    const { log, changed } = this.#options;
    log.info({ planner: this.#status.state, why: this.#status.message }, "planner");
    changed(this.#status);
  }
}
