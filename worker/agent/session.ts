/**
 * One stream to the master, from Hello to its end. It carries commands to the supervisor as they
 * come and reports to the master as they happen: what is ready in one turn of the event loop goes
 * into one message, and nothing waits for more.
 */
import { readFileSync } from "node:fs";
import { loadavg, totalmem } from "node:os";
import type { Incarnation } from "../../core/ids.js";
import { unreachable } from "../../core/result.js";
import type {
  Heartbeat,
  Hello,
  MasterMessage,
  Welcome,
  WorkerMessage,
} from "../../core/session.js";
import type { WorkerFacts } from "../../core/worker.js";
import type { WorkerServiceClient } from "../../proto/codec/services.js";
import { decodeMasterMessage, encodeWorkerMessage } from "../../proto/codec/worker.js";
import { monotonicMs, type SupervisorState } from "../ipc/messages.js";
import { messageOf, type WorkerLog } from "../log.js";
import { acknowledge, emptyOutbox, nextMessage, oldestUnansweredMs } from "../pure/outbox.js";
import type { SupervisorEvent, SupervisorLink } from "./supervisor-link.js";

export interface SessionOptions {
  readonly client: WorkerServiceClient;
  readonly link: SupervisorLink;
  readonly state: SupervisorState;
  readonly incarnation: Incarnation;
  readonly facts: WorkerFacts;
  readonly log: WorkerLog;
  /** Unique over all sessions, so that an answer meant for an earlier one is not taken for ours. */
  readonly nextToken: () => number;
  readonly onWelcome: (welcome: Welcome) => void;
}

export interface Session {
  /** What the supervisor says after the state that the Hello was made of. */
  on(event: SupervisorEvent): void;
  readonly closed: Promise<void>;
  /** Sends what waits and ends the stream. */
  close(): void;
}

/** Before a master has said how long silence may last. */
const welcomeTimeoutMs = 10_000;

export function openSession(options: SessionOptions): Session {
  const { link, log } = options;
  const stream = options.client.session();
  const outbox = emptyOutbox();
  /** Sequences of messages whose commands the supervisor has not yet made durable. */
  const taking = new Map<number, number>();
  let taken = 0;
  let welcome: Welcome | null = null;
  let blocked = false;
  let ended = false;
  let flushing = false;
  let heartbeats: NodeJS.Timeout | null = null;
  let settle: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const watchdog = setTimeout(() => end("no welcome"), welcomeTimeoutMs);

  function end(why: string): void {
    if (ended) return;
    ended = true;
    log.warn({ why }, "session with the master ended");
    clearTimeout(watchdog);
    if (heartbeats !== null) clearInterval(heartbeats);
    stream.cancel();
    settle();
  }

  function write(message: WorkerMessage | null): void {
    if (message === null || ended) return;
    blocked = !stream.write(encodeWorkerMessage(message));
  }

  function flush(): void {
    flushing = false;
    if (blocked || ended || welcome === null) return;
    write(nextMessage(outbox, taken, null, monotonicMs()));
  }

  function flushSoon(): void {
    if (flushing) return;
    flushing = true;
    queueMicrotask(flush);
  }

  function beat(silenceLimitMs: number): void {
    const oldest = oldestUnansweredMs(outbox);
    if (oldest !== null && monotonicMs() - oldest > silenceLimitMs) {
      return end("the master acknowledges nothing");
    }
    if (!blocked) write(nextMessage(outbox, taken, { heartbeat: heartbeat() }, monotonicMs()));
  }

  function onWelcome(told: Welcome): void {
    if (told.epoch < options.state.epochSeen) {
      return end(`a master of epoch ${told.epoch}, ${options.state.epochSeen} was seen`);
    }
    clearTimeout(watchdog);
    welcome = told;
    link.send({ kind: "welcomed", epoch: told.epoch, kill: told.kill });
    if (heartbeats !== null) clearInterval(heartbeats);
    heartbeats = setInterval(() => beat(told.silenceLimitMs), told.heartbeatIntervalMs);
    options.onWelcome(told);
    flush();
  }

  function onMessage(message: MasterMessage): void {
    if (message.welcome !== null) onWelcome(message.welcome);
    if (ended) return;
    const { forget, renewedAtMonotonicMs } = acknowledge(outbox, message.acknowledged);
    if (forget.length > 0) link.send({ kind: "forget", attempts: forget });
    if (renewedAtMonotonicMs !== null) {
      link.send({ kind: "renew", sentAtMonotonicMs: renewedAtMonotonicMs });
    }
    const { launches, stops, sequence } = message;
    if (launches.length + stops.length > 0) {
      const token = options.nextToken();
      taking.set(token, sequence);
      link.send({ kind: "commands", token, launches, stops });
    } else if (taking.size === 0) {
      taken = sequence;
    }
  }

  stream.on("data", (wire) => {
    if (ended) return;
    const message = decodeMasterMessage(wire);
    if (message.ok) onMessage(message.value);
    else end(`the master sent what cannot be read: ${message.error.message}`);
  });
  stream.on("drain", () => {
    blocked = false;
    flushSoon();
  });
  stream.on("error", (error) => end(messageOf(error)));
  stream.on("end", () => end("the master closed it"));
  write(nextMessage(outbox, 0, { hello: helloOf(options) }, monotonicMs()));

  return {
    on(event) {
      switch (event.kind) {
        case "taken":
          taken = taking.get(event.token) ?? taken;
          taking.delete(event.token);
          return;
        case "started":
          outbox.started.push(event.started);
          return flushSoon();
        case "finished":
          outbox.finished.push(event.finished);
          return flushSoon();
        case "refused":
          outbox.refused.push(event.refused);
          return flushSoon();
        case "state":
          return;
        default:
          unreachable(event);
      }
    },
    closed,
    close() {
      if (ended) return;
      flush();
      ended = true;
      clearTimeout(watchdog);
      if (heartbeats !== null) clearInterval(heartbeats);
      stream.end();
      settle();
    },
  };
}

function helloOf({ incarnation, facts, state }: SessionOptions): Hello {
  const { epochSeen, live, unacknowledged } = state;
  return { incarnation, facts, epochSeen, live, unacknowledged };
}

function heartbeat(): Heartbeat {
  return { freeMemoryBytes: availableMemoryBytes(), loadAverage: loadavg()[0] ?? 0 };
}

function availableMemoryBytes(): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return match === null ? totalmem() : Number(match[1]) * 1024;
}
