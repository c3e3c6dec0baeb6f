/** A thread of the portfolio and the members that it runs: one request at a time, one answer to it. */
import type { Plan } from "../core/plan.js";
import type { SolverThread, ThreadPool } from "./thread-pool.js";
import type { FromThread, Member, ToThread } from "./thread-protocol.js";

export interface Crew {
  /** Those still at work; an engine that is done or failed leaves. */
  readonly members: Member[];
  readonly thread: SolverThread;
  /** Resolves the request that the thread works on; null while it is idle. */
  answer: ((message: FromThread | null) => void) | null;
  /** The incumbent that this thread was last told of. */
  told: Plan | null;
}

export interface CrewListener {
  /** News in the middle of a step. */
  progress(crew: Crew, message: Extract<FromThread, { kind: "progress" }>): void;
  /** The thread ended by itself; its members are lost. */
  crashed(crew: Crew, reason: string): void;
}

export function createCrew(pool: ThreadPool, members: Member[], listener: CrewListener): Crew {
  const crew: Crew = {
    members,
    answer: null,
    told: null,
    thread: pool.lease({
      message: (message) => {
        if (message.kind === "progress") listener.progress(crew, message);
        else settle(crew, message);
      },
      crashed: (reason) => {
        listener.crashed(crew, reason);
        settle(crew, null);
      },
    }),
  };
  return crew;
}

/** The thread's answer; null if it crashed or is no longer waited for. */
export function ask(crew: Crew, message: ToThread): Promise<FromThread | null> {
  if (!crew.thread.alive) return Promise.resolve(null);
  return new Promise((resolve) => {
    crew.answer = resolve;
    crew.thread.post(message);
  });
}

/** Answers the open request; null stops waiting for the thread. */
export function settle(crew: Crew, message: FromThread | null): void {
  const { answer } = crew;
  // An answer of null leaves `answer` in place, which marks the thread as still at work.
  if (message !== null) crew.answer = null;
  answer?.(message);
}

export function removeMember(crew: Crew, index: number): Member | undefined {
  const place = crew.members.findIndex((member) => member.index === index);
  return place === -1 ? undefined : crew.members.splice(place, 1)[0];
}

/** Gives threads back: those that are still at work once they answer, or ends them; nobody waits. */
export function dismiss(pool: ThreadPool, crews: readonly Crew[]): void {
  for (const crew of crews) {
    if (!crew.thread.alive) pool.discard(crew.thread);
    else if (crew.answer === null) pool.release(crew.thread);
    else linger(pool, crew.thread);
  }
}

/** A thread this late is stuck. One that is ended costs the next plan the start of another. */
const lingerMs = 200;

function linger(pool: ThreadPool, thread: SolverThread): void {
  const limit = setTimeout(() => pool.discard(thread), lingerMs);
  limit.unref();
  thread.listener = {
    message: ({ kind }) => {
      if (kind === "progress") return;
      clearTimeout(limit);
      pool.release(thread);
    },
    // The pool makes up for it when the time is over.
    crashed: () => {},
  };
}
