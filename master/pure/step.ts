/**
 * One command through the master: decide, record, fold. The only door through which state changes,
 * used alike by the live master and by simulation.
 */
import type { Result } from "../../core/result.js";
import { assert } from "../../core/result.js";
import type { Command, Reply } from "./commands.js";
import { decide } from "./decide.js";
import type { Event, Recorded } from "./events.js";
import { eventVersion } from "./events.js";
import { evolve } from "./evolve.js";
import type { State } from "./state.js";

export interface Stepped {
  readonly events: readonly Recorded[];
  readonly reply: Result<Reply>;
}

export function step(state: State, command: Command, principal: string, nowMs: number): Stepped {
  const decision = decide(state, command, nowMs);
  const events: Recorded[] = [];
  const causationId = state.seq + 1;
  for (;;) {
    const next = decision.next();
    if (next.done === true) {
      assert(next.value.ok || events.length === 0, `${command.type} refused after an event`);
      return { events, reply: next.value };
    }
    const recorded = record(state, next.value, principal, causationId, nowMs);
    events.push(recorded);
    evolve(state, recorded);
  }
}

function record(
  state: State,
  event: Event,
  principal: string,
  causationId: number,
  nowMs: number,
): Recorded {
  return {
    seq: state.seq + 1,
    atMs: Math.max(nowMs, state.atMs),
    epoch: event.type === "EpochBegan" ? event.epoch : state.epoch,
    namespace: namespaceOf(state, event),
    principal,
    causationId,
    version: eventVersion,
    event,
  };
}

function namespaceOf(state: State, event: Event): string {
  if (event.type === "JobSubmitted") return event.spec.namespace;
  if (event.type === "JobReloaded") return event.plain.spec.namespace;
  if ("job" in event) return state.jobs.get(event.job)?.spec.namespace ?? "";
  if ("task" in event) return state.tasks.get(event.task)?.job.spec.namespace ?? "";
  return "";
}
