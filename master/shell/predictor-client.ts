/**
 * The conversation with the predictor behind the planner: what has happened goes there, what it
 * foresees and proposes comes back as commands. One request at a time; where the predictor says
 * that it has taken less than it was sent, it is told from there. Whatever it says may be wrong, and
 * it may be gone: then, after a while, the master's own statistics hold again.
 */
import type { Logger } from "pino";
import type { HistoryRecord, ModelProposal, RevisedEstimate } from "../../core/prediction.js";
import { decodeHistoryAnswer, encodeHistoryRequest } from "../../proto/codec/prediction.js";
import type { HistoryResponse } from "../../proto/codec/services.js";
import type { Recorded, Revision } from "../pure/events.js";
import { wayOfSubject } from "../pure/foreseen.js";
import { choiceLimits, proposer } from "../pure/models.js";
import { makesSense } from "../pure/revise.js";
import type { Engine } from "./engine.js";
import { PlannerHistory } from "./planner-history.js";
import type { PlannerFailure, PlannerPort } from "./planner-port.js";

export interface PredictorClientOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** What jobs that are no longer in memory teach. */
  readonly past: () => Promise<readonly HistoryRecord[]>;
  /** Estimates of a predictor that has been gone for this long are withdrawn. */
  readonly withdrawnAfterMs: number;
}

/** A predictor that has nothing to be told is asked whether it has thought of something. */
const askMs = 1_000;
/**
 * Longer ago, its word about what it has taken in is asked for again before it is told more: it may
 * have begun anew meanwhile, which no connection says for certain.
 */
const freshMs = 100;
const answerDeadlineMs = 5_000;
const backoffFirstMs = 200;
const backoffMaxMs = 5_000;
/** Between two events of revised estimates, and how many one may hold. */
const reviseMs = 500;
const revisionsPerEvent = 5_000;
/** More than this waits for no event: whoever says so much is wrong. */
const revisionsWaiting = 100_000;
/** Between two proposals that are followed. */
const proposalMs = 5_000;

export class PredictorClient {
  readonly #options: PredictorClientOptions;
  readonly #history: PlannerHistory;
  #isLoaded = false;
  /** Up to where the predictor has taken in; null: it has yet to say so. */
  #takenTo: number | null = null;
  /** Number of the request in flight; null: there is none. */
  #asking: number | null = null;
  #requests = 0;
  #notBeforeMs = 0;
  #answeredAtMs = 0;
  #backoffMs = 0;
  readonly #revised = new Map<string, Revision>();
  #reviseNotBeforeMs = 0;
  #proposeNotBeforeMs = 0;
  #isProposing = false;
  /** null: it is there. */
  #goneSinceMs: number | null;

  constructor(options: PredictorClientOptions) {
    this.#options = options;
    this.#history = new PlannerHistory(options.engine.state);
    this.#goneSinceMs = options.engine.nowMs;
  }

  /** Reads what is past; until then nothing is told, for it comes first. */
  start(): void {
    const { log, past } = this.#options;
    past()
      .then((records) => this.#history.add(records))
      .catch((error: unknown) => log.warn({ err: error }, "the predictor begins without the past"))
      .finally(() => {
        this.#isLoaded = true;
      });
  }

  happened(events: readonly Recorded[]): void {
    this.#history.happened(events);
  }

  /** Nothing that is on its way counts any more. */
  gone(): void {
    this.#goneSinceMs ??= this.#options.engine.nowMs;
    this.#takenTo = null;
    this.#asking = null;
    this.#backoffMs = 0;
    this.#notBeforeMs = 0;
  }

  /** Called often. `port` null: no planner is there. */
  poll(port: PlannerPort | null): void {
    const { nowMs } = this.#options.engine;
    if (port === null) return this.#withdraw(nowMs);
    this.#goneSinceMs = null;
    this.#revise(nowMs);
    if (!this.#isLoaded || this.#asking !== null || nowMs < this.#notBeforeMs) return;
    const records = this.#takenTo === null ? [] : this.#history.after(this.#takenTo);
    const isFresh = this.#takenTo !== null && nowMs <= this.#answeredAtMs + freshMs;
    if (isFresh && records.length > 0) return this.#ask(port, records);
    const isDue = this.#takenTo === null || nowMs >= this.#answeredAtMs + askMs;
    if (isDue || records.length > 0) this.#ask(port, []);
  }

  #ask(port: PlannerPort, records: readonly HistoryRecord[]): void {
    const request = ++this.#requests;
    this.#asking = request;
    port.history(encodeHistoryRequest(records), answerDeadlineMs, (failure, reply) => {
      if (this.#asking !== request) return;
      this.#asking = null;
      this.#answered(records, failure, reply);
    });
  }

  #answered(
    records: readonly HistoryRecord[],
    failure: PlannerFailure | null,
    reply: HistoryResponse | null,
  ): void {
    const { log } = this.#options;
    if (reply === null) return this.#failed(failure?.message ?? "no answer");
    const answer = decodeHistoryAnswer(reply);
    if (!answer.ok) return this.#failed(answer.error.message);
    const { sequence, revised, proposal } = answer.value;
    const before = this.#takenTo;
    if (before === null && sequence > 0) this.#history.foreseeAgain(sequence);
    if (before !== null && sequence < before) log.info({ before, sequence }, "told again");
    this.#takenTo = sequence;
    this.#answeredAtMs = this.#options.engine.nowMs;
    const isStuck = records.length > 0 && sequence <= (before ?? 0);
    if (isStuck) this.#wait();
    else this.#backoffMs = 0;
    this.#hear(revised);
    if (proposal !== null) this.#propose(proposal);
  }

  /** What it took, and what it said, is not known: it is asked. */
  #failed(why: string): void {
    this.#takenTo = null;
    // Once: while it is away there is nothing else to say.
    if (this.#backoffMs === 0) this.#options.log.warn({ why }, "the predictor was not told");
    this.#wait();
  }

  #wait(): void {
    this.#backoffMs = Math.min(backoffMaxMs, Math.max(backoffFirstMs, 2 * this.#backoffMs));
    this.#notBeforeMs = this.#options.engine.nowMs + this.#backoffMs;
  }

  /** The latest word about each way counts. */
  #hear(revised: readonly RevisedEstimate[]): void {
    for (const { key, estimate } of revised) {
      const way = wayOfSubject(key);
      if (way === null || !makesSense(estimate)) continue;
      if (this.#revised.size >= revisionsWaiting && !this.#revised.has(key)) continue;
      const confidence = Math.round(estimate.confidence * 1_000) / 1_000;
      this.#revised.delete(key);
      this.#revised.set(key, { ...way, ...estimate, confidence });
    }
  }

  #revise(nowMs: number): void {
    if (this.#revised.size === 0 || nowMs < this.#reviseNotBeforeMs) return;
    this.#reviseNotBeforeMs = nowMs + reviseMs;
    const entries: Revision[] = [];
    for (const [key, revision] of this.#revised) {
      if (entries.length === revisionsPerEvent) break;
      this.#revised.delete(key);
      entries.push(revision);
    }
    this.#execute({ type: "ReviseEstimates", entries });
  }

  #withdraw(nowMs: number): void {
    this.#goneSinceMs ??= nowMs;
    this.#revised.clear();
    if (nowMs < this.#goneSinceMs + this.#options.withdrawnAfterMs) return;
    this.#goneSinceMs = Number.POSITIVE_INFINITY;
    this.#execute({ type: "WithdrawEstimates" });
  }

  #propose({ sha256, version, reason }: ModelProposal): void {
    const { engine, log } = this.#options;
    const { model } = engine.state;
    if (this.#isProposing || model.pinned || model.sha256 === sha256) return;
    if (engine.nowMs < this.#proposeNotBeforeMs) return;
    this.#proposeNotBeforeMs = engine.nowMs + proposalMs;
    this.#isProposing = true;
    log.info({ sha256, version, reason }, "the predictor proposes a model");
    const choice = {
      sha256,
      version: version.slice(0, choiceLimits.versionLength),
      pinned: false,
      reason: reason.slice(0, choiceLimits.reasonLength),
    };
    this.#execute({ type: "ChooseModel", ...choice, by: proposer });
  }

  #execute(command: Parameters<Engine["execute"]>[0]): void {
    this.#options.engine
      .execute(command, "planner")
      // The engine has told the process to end.
      .catch(() => undefined)
      .finally(() => {
        if (command.type === "ChooseModel") this.#isProposing = false;
      });
  }
}
