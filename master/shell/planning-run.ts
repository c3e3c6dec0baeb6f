/**
 * One order to the planner: a Problem out, better plans and bounds in. The newest best plan is
 * offered for admission, one at a time and not too often.
 */
import type { Logger } from "pino";
import type { PlanIncumbent, PlanOrder, PlanUpdate } from "../../core/planning.js";
import { unreachable } from "../../core/result.js";
import { decodePlanUpdate, encodePlanRequests } from "../../proto/codec/plan.js";
import type { PlanReply } from "../../proto/codec/services.js";
import type { AdoptReply } from "../pure/commands.js";
import type { BuiltProblem } from "../pure/problem.js";
import type { Engine } from "./engine.js";
import type { PlanStream } from "./planner-port.js";

export interface PlanningRunOptions {
  readonly engine: Engine;
  readonly log: Logger;
  readonly stream: PlanStream;
  readonly order: PlanOrder;
  readonly built: BuiltProblem;
  readonly hooks: PlanningHooks;
}

export interface PlanningHooks {
  /** The planner has said something that makes sense. */
  readonly heard: () => void;
  readonly received: () => void;
  readonly answered: (answer: AdoptReply) => void;
  /** It is over as it should be. */
  readonly finished: () => void;
  /** It broke off, or answered nonsense. */
  readonly failed: (message: string) => void;
}

/** Admission costs a rebuild and a check. */
const offerIntervalMs = 200;

export class PlanningRun {
  readonly startedAtMs: number;
  readonly #options: PlanningRunOptions;
  /** What the state was when the problem was built: a bound rests on it. */
  readonly #facts: number;
  readonly #planVersion: number;
  #best: PlanIncumbent | null = null;
  #bound = 0;
  #offering = false;
  #offeredAtMs = 0;
  #over = false;

  constructor(options: PlanningRunOptions) {
    const { engine, stream, order, built, hooks } = options;
    this.#options = options;
    this.startedAtMs = engine.nowMs;
    this.#facts = engine.state.facts;
    this.#planVersion = engine.state.plan.version;
    stream.on("data", (reply: PlanReply) => this.#receive(reply));
    stream.on("error", (error) => this.#end(() => hooks.failed(error.message)));
    stream.on("end", () => this.#end(() => hooks.failed("the planner ended the stream")));
    for (const request of encodePlanRequests(order, built.problem)) stream.write(request);
  }

  /** Nobody wants its plans any more. */
  abandon(): void {
    this.#over = true;
    this.#best = null;
    this.#options.stream.cancel();
  }

  /** Offers the best plan that has come in, if it is time to. */
  offer(): void {
    const { engine, built, hooks, log } = this.#options;
    const best = this.#best;
    if (best === null || this.#offering) return;
    if (engine.nowMs - this.#offeredAtMs < offerIntervalMs && !this.#over) return;
    this.#best = null;
    this.#offering = true;
    this.#offeredAtMs = engine.nowMs;
    const { solver, plan, value } = best;
    const proposal = {
      solver,
      plan,
      value,
      problem: built.problem,
      modes: built.modes,
      bound: this.#bound,
      facts: this.#facts,
      planVersion: this.#planVersion,
    };
    engine.execute({ type: "AdoptPlan", ...proposal }, "planner").then(
      (reply) => {
        this.#offering = false;
        if (!reply.ok || reply.value.kind !== "adopt") return;
        log.debug({ solver, value, bound: this.#bound, ...reply.value.adopt }, "plan offered");
        hooks.answered(reply.value.adopt);
        if (this.#over) this.offer();
      },
      // The engine has told the process to end.
      () => undefined,
    );
  }

  #receive(reply: PlanReply): void {
    if (this.#over) return;
    const { built, hooks, log, stream } = this.#options;
    const decoded = decodePlanUpdate(reply, built.problem.tasks.count);
    if (!decoded.ok) {
      log.warn({ error: decoded.error }, "the planner answered nonsense");
      stream.cancel();
      return this.#end(() => hooks.failed(decoded.error.message));
    }
    hooks.heard();
    this.#take(decoded.value);
  }

  #take(update: PlanUpdate): void {
    const { hooks, stream } = this.#options;
    switch (update.kind) {
      case "accepted":
        return;
      case "incumbent":
        this.#best = update.incumbent;
        this.#bound = Math.max(this.#bound, update.incumbent.bound);
        hooks.received();
        return this.offer();
      case "bound":
        this.#bound = Math.max(this.#bound, update.bound.bound);
        return;
      case "finished":
        this.#bound = Math.max(this.#bound, update.summary.bound);
        this.#end(hooks.finished);
        this.offer();
        stream.end();
        return;
      default:
        return unreachable(update);
    }
  }

  #end(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    tell();
  }
}
