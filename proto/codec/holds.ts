/** Pausing of attempts, as the session says it, between wire and core/session.ts. */
import type { AttemptHeld, Hold } from "../../core/session.js";
import type * as wire from "../gen/almanac/v1/worker.js";
import { decodeAttemptId } from "./common.js";
import { list, type Scope } from "./decoding.js";

export const encodeHolds = (holds: readonly Hold[] = []): wire.Hold[] =>
  holds.map(({ attempt, paused }) => ({ attemptId: attempt, paused }));

/** To be spread into a message, which leaves out what is empty. */
export const decodeHolds = (
  scope: Scope,
  messages: readonly wire.Hold[],
): { readonly holds?: readonly Hold[] } =>
  messages.length === 0
    ? {}
    : {
        holds: list(scope, "holds", messages, (at, { attemptId, paused }) => ({
          attempt: decodeAttemptId(at, "attemptId", attemptId),
          paused,
        })),
      };

export const encodeHeld = (held: readonly AttemptHeld[] = []): wire.AttemptHeld[] =>
  held.map(({ attempt, held: isHeld, problem }) => ({
    attemptId: attempt,
    held: isHeld,
    problem: problem ?? undefined,
  }));

export const decodeHeld = (
  scope: Scope,
  messages: readonly wire.AttemptHeld[],
): { readonly held?: readonly AttemptHeld[] } =>
  messages.length === 0
    ? {}
    : {
        held: list(scope, "held", messages, (at, { attemptId, held, problem }) => ({
          attempt: decodeAttemptId(at, "attemptId", attemptId),
          held,
          problem: problem ?? null,
        })),
      };
