/**
 * The last words of attempts that failed are fetched as they end, while their worker is there: they
 * are what people will ask for, perhaps after the node has died.
 */
import type { AttemptId, WorkerId } from "../../core/ids.js";
import { logStreams } from "../../core/session.js";
import type { Outcome } from "../../core/worker.js";
import type { Recorded } from "../pure/events.js";
import type { State } from "../pure/state.js";
import type { LogCache } from "./log-cache.js";
import type { LogRelay } from "./logs.js";
import { findAttempt } from "./lookup.js";

const tailBytes = 64 * 1024;
/** A thousand failures at once are fetched a few at a time; far behind, the oldest are let go. */
const fetchesMax = 8;
const waitingMax = 1_000;

interface Ended {
  readonly attempt: AttemptId;
  readonly worker: WorkerId;
}

export class FailureLogs {
  readonly #state: State;
  readonly #relay: LogRelay;
  readonly #cache: LogCache;
  readonly #waiting: Ended[] = [];
  #fetching = 0;

  constructor(state: State, relay: LogRelay, cache: LogCache) {
    this.#state = state;
    this.#relay = relay;
    this.#cache = cache;
  }

  happened(events: readonly Recorded[]): void {
    for (const { event } of events) {
      if (event.type !== "AttemptEnded" || !leavesWords(event.outcome)) continue;
      // Looked up now: its job may have left memory when its turn comes.
      const worker = findAttempt(this.#state, event.attempt)?.worker;
      if (worker !== undefined) this.#waiting.push({ attempt: event.attempt, worker });
    }
    if (this.#waiting.length > waitingMax) {
      this.#waiting.splice(0, this.#waiting.length - waitingMax);
    }
    this.#next();
  }

  #next(): void {
    while (this.#fetching < fetchesMax) {
      const ended = this.#waiting.shift();
      if (ended === undefined) return;
      this.#fetching += 1;
      void this.#fetch(ended).finally(() => {
        this.#fetching -= 1;
        this.#next();
      });
    }
  }

  async #fetch({ attempt, worker }: Ended): Promise<void> {
    const fetches = logStreams.map(
      (stream) =>
        new Promise<void>((resolve) => {
          const request = { worker, attempt, stream, offset: -tailBytes, follow: false };
          this.#relay.open(request, {
            chunk: ({ offset, data }) => this.#cache.add(attempt, stream, offset, data),
            end: () => resolve(),
          });
        }),
    );
    await Promise.all(fetches);
  }
}

/**
 * A program that ran, and did not end well, or whose worker is about to go. What is lost has nobody
 * to ask.
 */
function leavesWords(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case "exited":
      return outcome.exitCode !== 0;
    case "signalled":
    case "timed_out":
    case "out_of_memory":
    case "lease_expired":
    case "supervisor_lost":
    case "drained":
    case "output_failed":
      return true;
    case "cancelled":
    case "not_started":
    case "input_unavailable":
    case "lost":
      return false;
  }
}
