/**
 * What a session has to tell the master, and what of it the master has acknowledged. Everything that
 * is ready goes into one message. Nothing here outlives its stream: the next one opens with a Hello
 * that states all that is still true.
 */
import type { AttemptId } from "../../core/ids.js";
import type {
  AttemptFinished,
  AttemptHeld,
  AttemptStarted,
  Heartbeat,
  Hello,
  LaunchRefused,
  WorkerMessage,
} from "../../core/session.js";

interface InFlight {
  readonly sequence: number;
  readonly finished: readonly AttemptId[];
  /** Of a hello or a heartbeat: the signs of life that renew the lease. */
  readonly sentAtMonotonicMs: number | null;
}

export interface Outbox {
  /** The highest sequence given out. */
  sequence: number;
  started: AttemptStarted[];
  finished: AttemptFinished[];
  refused: LaunchRefused[];
  held: AttemptHeld[];
  readonly inFlight: InFlight[];
}

export interface Acknowledged {
  readonly forget: readonly AttemptId[];
  /** null: no sign of life was among it. */
  readonly renewedAtMonotonicMs: number | null;
}

export const emptyOutbox = (): Outbox => ({
  sequence: 0,
  started: [],
  finished: [],
  refused: [],
  held: [],
  inFlight: [],
});

/** null: there is nothing to say. Takes everything that waits. */
export function nextMessage(
  outbox: Outbox,
  acknowledged: number,
  sign: { readonly hello: Hello } | { readonly heartbeat: Heartbeat } | null,
  nowMonotonicMs: number,
): WorkerMessage | null {
  const { started, finished, refused, held } = outbox;
  const news = started.length + finished.length + refused.length + held.length;
  if (sign === null && news === 0) return null;
  outbox.sequence += 1;
  outbox.started = [];
  outbox.finished = [];
  outbox.refused = [];
  outbox.held = [];
  const hello = sign !== null && "hello" in sign ? sign.hello : null;
  const heartbeat = sign !== null && "heartbeat" in sign ? sign.heartbeat : null;
  const reported = [...(hello?.unacknowledged ?? []), ...finished];
  outbox.inFlight.push({
    sequence: outbox.sequence,
    finished: reported.map((one) => one.attempt),
    sentAtMonotonicMs: sign === null ? null : nowMonotonicMs,
  });
  const { sequence } = outbox;
  const all = { sequence, acknowledged, hello, heartbeat, started, finished, refused };
  return held.length === 0 ? all : { ...all, held };
}

export function acknowledge(outbox: Outbox, sequence: number): Acknowledged {
  const forget: AttemptId[] = [];
  let renewedAtMonotonicMs: number | null = null;
  for (let first = outbox.inFlight[0]; first !== undefined; first = outbox.inFlight[0]) {
    if (first.sequence > sequence) break;
    outbox.inFlight.shift();
    forget.push(...first.finished);
    renewedAtMonotonicMs = first.sentAtMonotonicMs ?? renewedAtMonotonicMs;
  }
  return { forget, renewedAtMonotonicMs };
}

/** When the oldest sign of life without an acknowledgement was sent; null: there is none. */
export function oldestUnansweredMs(outbox: Outbox): number | null {
  for (const one of outbox.inFlight) {
    if (one.sentAtMonotonicMs !== null) return one.sentAtMonotonicMs;
  }
  return null;
}
