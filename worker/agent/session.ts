/**
 * One stream to the master, from Hello to its end. It carries commands to the supervisor as they
 * come and reports to the master as they happen: what is ready in one turn of the event loop goes
 * into one message, and nothing waits for more.
 */
import type { Clock, Timer } from "../../core/clock.js";
import type { Incarnation } from "../../core/ids.js";
import { unreachable } from "../../core/result.js";
import type {
  Heartbeat,
  Hello,
  Launch,
  MasterMessage,
  Welcome,
  WorkerMessage,
} from "../../core/session.js";
import type { WorkerFacts } from "../../core/worker.js";
import type { MasterMessageWire, WorkerMessageWire } from "../../proto/codec/services.js";
import { decodeMasterMessage, encodeWorkerMessage } from "../../proto/codec/worker.js";
import type { SupervisorState } from "../ipc/messages.js";
import { messageOf, type WorkerLog } from "../log.js";
import { acknowledge, emptyOutbox, nextMessage, oldestUnansweredMs } from "../pure/outbox.js";
import type { SupervisorEvent, SupervisorLink } from "./supervisor-link.js";

/** What of a stream to the master a session uses. */
export interface MasterStream {
  on(event: "data", listener: (message: MasterMessageWire) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "drain" | "end", listener: () => void): unknown;
  /** False: nothing more until `drain`. */
  write(message: WorkerMessageWire): boolean;
  end(): void;
  cancel(): void;
}

export interface SessionOptions {
  readonly stream: MasterStream;
  readonly clock: Clock;
  readonly link: SupervisorLink;
  readonly state: SupervisorState;
  readonly incarnation: Incarnation;
  readonly facts: WorkerFacts;
  readonly log: WorkerLog;
  /** Unique over all sessions, so that an answer meant for an earlier one is not taken for ours. */
  readonly nextToken: () => number;
  readonly heartbeat: () => Heartbeat;
  readonly onWelcome: (welcome: Welcome) => void;
  /** The master has no more use for this worker. */
  readonly onLeave: () => void;
}

/** Before a master has said how long silence may last. */
const welcomeTimeoutMs = 10_000;

/** A class, because it owns a stream and its timers. */
export class Session {
  readonly closed: Promise<void>;
  readonly #options: SessionOptions;
  readonly #stream: MasterStream;
  readonly #outbox = emptyOutbox();
  /** Sequences of messages whose commands the supervisor has not yet made durable, by token. */
  readonly #taking = new Map<number, number>();
  #taken = 0;
  #welcomed = false;
  #blocked = false;
  #ended = false;
  #flushing = false;
  #watchdog: Timer;
  #settle: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#watchdog = options.clock.after(welcomeTimeoutMs, () => this.#break("no welcome"));
    this.#stream = options.stream;
    this.#stream.on("data", (wire) => {
      if (this.#ended) return;
      const message = decodeMasterMessage(wire);
      if (message.ok) this.#onMessage(message.value);
      else this.#break(`the master sent what cannot be read: ${message.error.message}`);
    });
    this.#stream.on("drain", () => {
      this.#blocked = false;
      this.#flushSoon();
    });
    this.#stream.on("error", (error) => this.#break(messageOf(error)));
    this.#stream.on("end", () => this.#break("the master closed it"));
    this.#write(
      nextMessage(this.#outbox, 0, { hello: helloOf(options) }, options.clock.monotonicMs()),
    );
  }

  /** What the supervisor says after the state that the Hello was made of. */
  on(event: SupervisorEvent): void {
    switch (event.kind) {
      case "taken":
        this.#taken = this.#taking.get(event.token) ?? this.#taken;
        this.#taking.delete(event.token);
        return;
      case "started":
        this.#outbox.started.push(event.started);
        return this.#flushSoon();
      case "finished":
        this.#outbox.finished.push(event.finished);
        return this.#flushSoon();
      case "refused":
        this.#outbox.refused.push(event.refused);
        return this.#flushSoon();
      case "held": {
        const { attempt, paused, error } = event;
        // What could not be done is as it was.
        const held = error === null ? paused : !paused;
        this.#outbox.held.push({ attempt, held, problem: error });
        return this.#flushSoon();
      }
      case "state":
      case "drivers_changed":
      case "transfer":
      case "cancel_transfer":
        return;
      default:
        unreachable(event);
    }
  }

  /** Sends what waits and ends the stream. */
  close(): void {
    if (this.#ended) return;
    this.#flush();
    this.#end();
    this.#stream.end();
  }

  #break(why: string): void {
    if (this.#ended) return;
    this.#options.log.warn({ why }, "session with the master ended");
    this.#end();
    this.#stream.cancel();
  }

  #end(): void {
    this.#ended = true;
    this.#watchdog.clear();
    this.#settle();
  }

  #onMessage(message: MasterMessage): void {
    const { link, nextToken, facts } = this.#options;
    if (message.welcome !== null) this.#onWelcome(message.welcome);
    if (this.#ended) return;
    const { forget, renewedAtMonotonicMs } = acknowledge(this.#outbox, message.acknowledged);
    if (forget.length > 0) link.send({ kind: "forget", attempts: forget });
    if (renewedAtMonotonicMs !== null) {
      link.send({ kind: "renew", sentAtMonotonicMs: renewedAtMonotonicMs });
    }
    const { stops, sequence } = message;
    const launches = message.launches.map((launch) => tellSpeed(launch, facts.speed));
    if (launches.length + stops.length > 0) {
      const token = nextToken();
      this.#taking.set(token, sequence);
      link.send({ kind: "commands", token, launches, stops });
    } else if (this.#taking.size === 0) {
      this.#taken = sequence;
    }
    // After the commands, for a launch may be among them. Not waited for: every Welcome says it again.
    for (const hold of message.holds ?? []) link.send({ kind: "hold", ...hold });
    if (message.leave) this.#options.onLeave();
  }

  #onWelcome(welcome: Welcome): void {
    const { state, link, clock, onWelcome } = this.#options;
    if (welcome.epoch < state.epochSeen) {
      return this.#break(`a master of epoch ${welcome.epoch}, ${state.epochSeen} was seen`);
    }
    this.#welcomed = true;
    link.send({ kind: "welcomed", epoch: welcome.epoch, kill: welcome.kill });
    this.#watchdog.clear();
    const beat = (): void => this.#beat(welcome.silenceLimitMs);
    this.#watchdog = clock.every(welcome.heartbeatIntervalMs, beat);
    onWelcome(welcome);
    this.#flush();
    // The Hello may have waited long for its answer: leases are to count from a fresh word.
    beat();
  }

  #beat(silenceLimitMs: number): void {
    const { clock, heartbeat } = this.#options;
    const oldest = oldestUnansweredMs(this.#outbox);
    if (oldest !== null && clock.monotonicMs() - oldest > silenceLimitMs) {
      return this.#break("the master acknowledges nothing");
    }
    if (this.#blocked) return;
    const sign = { heartbeat: heartbeat() };
    this.#write(nextMessage(this.#outbox, this.#taken, sign, clock.monotonicMs()));
  }

  /** Once for everything that becomes ready in this turn of the event loop, and at its end. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#blocked || !this.#welcomed) return;
    this.#write(nextMessage(this.#outbox, this.#taken, null, this.#options.clock.monotonicMs()));
  }

  #write(message: WorkerMessage | null): void {
    if (message === null || this.#ended) return;
    this.#blocked = !this.#stream.write(encodeWorkerMessage(message));
  }
}

/** A program may fit its work to the node: this is what its estimate was divided by. */
function tellSpeed(launch: Launch, speed: number): Launch {
  const env = { ...launch.command.env, ALMANAC_WORKER_SPEED: String(speed) };
  return { ...launch, command: { ...launch.command, env } };
}

function helloOf({ incarnation, facts, state }: SessionOptions): Hello {
  const { epochSeen, live, unacknowledged, paused } = state;
  const held = paused.length === 0 ? {} : { held: paused };
  return { incarnation, facts, epochSeen, live, unacknowledged, ...held };
}
