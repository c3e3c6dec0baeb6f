/**
 * The predictor as the planner sees it: a process that is asked, and replaced when it dies or hangs.
 * A process and not a thread: native code that crashes would take the planner along, and a thread
 * that is stuck in it cannot be ended.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Logger } from "pino";
import { type AlmanacError, fail, ok, type Result } from "../../core/result.js";
import type { PredictorMethod } from "../../proto/codec/predictor-calls.js";
import type { FromPredictor, PredictorSettings, ToPredictor } from "./protocol.js";

export interface PredictorProcessOptions {
  /** File of the bundled `planner/predictor/main`. */
  readonly entry: string;
  readonly settings: PredictorSettings;
  readonly log: Logger;
  /** Not heard of for so long, it is taken for stuck. */
  readonly silentMsMax?: number;
  /** Before it is replaced for the first time; doubled while it keeps dying. */
  readonly pauseMs?: number;
  /** Told when one has gone, and with it what it knew. */
  readonly onLost: () => void;
}

const silentDefaultMs = 30_000;
const pauseDefaultMs = 1_000;
const pauseMaxMs = 60_000;
/** One that has lived so long did not die of its beginning. */
const soundAfterMs = 60_000;
const heapMiBMax = 1_024;
const openMax = 1_000;

type Settle = (result: Result<Uint8Array>) => void;

const gone = (): AlmanacError => fail("unavailable", "the predictor is away").error;

export class PredictorProcess {
  readonly #options: PredictorProcessOptions;
  #child: ChildProcess | null = null;
  #startedAtMs = 0;
  #heardAtMs = 0;
  #pauseMs: number;
  #next: NodeJS.Timeout | null = null;
  readonly #watch: NodeJS.Timeout;
  #stopped = false;
  #lastId = 0;
  readonly #open = new Map<number, Settle>();

  constructor(options: PredictorProcessOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs ?? pauseDefaultMs;
    this.#start();
    const silentMsMax = options.silentMsMax ?? silentDefaultMs;
    this.#watch = setInterval(() => this.#look(silentMsMax), silentMsMax / 10);
    this.#watch.unref();
  }

  /** null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves with a failure `unavailable` where there is no predictor, or it goes before it answers. */
  call(method: PredictorMethod, request: Uint8Array): Promise<Result<Uint8Array>> {
    const child = this.#child;
    if (child === null || this.#open.size >= openMax) {
      return Promise.resolve({ ok: false, error: gone() });
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      this.#post(child, { kind: "call", id, method, request });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watch);
    if (this.#next !== null) clearTimeout(this.#next);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), stopGraceMs);
    await ended;
    clearTimeout(late);
  }

  #start(): void {
    const { entry, settings, log } = this.#options;
    const child = fork(entry, [], {
      execArgv: [`--max-old-space-size=${heapMiBMax}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#child = child;
    this.#startedAtMs = performance.now();
    this.#heardAtMs = this.#startedAtMs;
    child.on("message", (message: FromPredictor) => this.#hear(message));
    child.on("error", (error) => log.warn({ error: error.message }, "the predictor's process"));
    child.once("exit", (code, signal) => this.#lose(child, code, signal));
    this.#post(child, { kind: "begin", ...settings });
    // It must not keep a process alive that has nothing else to do.
    child.unref();
    child.channel?.unref();
  }

  #post(child: ChildProcess, message: ToPredictor): void {
    // What cannot be sent is answered when its end is noticed.
    child.send(message, () => undefined);
  }

  #hear(message: FromPredictor): void {
    this.#heardAtMs = performance.now();
    switch (message.kind) {
      case "alive":
        return;
      case "answer":
        return this.#settle(message.id, ok(message.reply));
      case "failure":
        return this.#settle(message.id, { ok: false, error: message.error });
      case "log":
        this.#options.log[message.level]({ ...message.facts }, `predictor: ${message.message}`);
    }
  }

  #settle(id: number, result: Result<Uint8Array>): void {
    this.#open.get(id)?.(result);
    this.#open.delete(id);
  }

  #look(silentMsMax: number): void {
    const child = this.#child;
    if (child === null || performance.now() - this.#heardAtMs < silentMsMax) return;
    // It may have been us who stood still: what it said meanwhile is heard first.
    setImmediate(() => {
      if (performance.now() - this.#heardAtMs < silentMsMax) return;
      this.#options.log.warn({ silentMsMax }, "the predictor is stuck");
      child.kill("SIGKILL");
    });
  }

  #lose(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    for (const id of [...this.#open.keys()]) this.#settle(id, { ok: false, error: gone() });
    if (this.#stopped) return;
    const { log, pauseMs = pauseDefaultMs } = this.#options;
    const wasSound = performance.now() - this.#startedAtMs > soundAfterMs;
    const wait = wasSound ? pauseMs : this.#pauseMs;
    this.#pauseMs = Math.min(pauseMaxMs, 2 * wait);
    log.warn({ code, signal, replacedInMs: wait }, "the predictor has died");
    this.#options.onLost();
    this.#next = setTimeout(() => this.#start(), wait);
    this.#next.unref();
  }
}

const stopGraceMs = 2_000;
