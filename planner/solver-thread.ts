/**
 * Entry of a solver thread: holds the runs of its members and steps them when told. A member that
 * throws fails alone; whatever else goes wrong ends the thread, and the portfolio goes on without.
 */
import { parentPort } from "node:worker_threads";
import type { Plan } from "../core/plan.js";
import type { Problem } from "../core/problem.js";
import { assert } from "../core/result.js";
import type { Shared, SolverNews, SolverRun } from "./solver.js";
import { solverRegistry } from "./solvers/registry.js";
import type {
  FromThread,
  Member,
  MemberFailure,
  MemberReport,
  Quota,
  ToThread,
} from "./thread-protocol.js";

interface Session {
  readonly runs: Map<number, SolverRun>;
  /** Members that have nothing more to say: a thread that is ahead may be asked for them once more. */
  readonly done: Set<number>;
  readonly interrupt: Int32Array;
  plan: Plan | null;
}

const port = parentPort;
assert(port !== null, "a solver thread has a parent");
const send = (message: FromThread): void => port.postMessage(message);
const noSession: Session = {
  runs: new Map(),
  done: new Set(),
  interrupt: new Int32Array(1),
  plan: null,
};
let session = noSession;

// Beginning loads engines, which takes time: what comes meanwhile waits its turn.
let turn: Promise<void> = Promise.resolve();
port.on("message", (message: ToThread) => {
  turn = turn.then(() => handle(message));
});

async function handle(message: ToThread): Promise<void> {
  switch (message.kind) {
    case "begin": {
      session = { runs: new Map(), done: new Set(), interrupt: message.interrupt, plan: null };
      const failures: MemberFailure[] = [];
      for (const member of message.members) {
        const failure = await begin(session, message.problem, member);
        if (failure !== null) failures.push(failure);
      }
      return send({ kind: "begun", failures });
    }
    case "step": {
      if (message.plan !== null) session.plan = message.plan;
      const reports = message.quotas.map((quota) => step(session, quota, message));
      return send({ kind: "stepped", epoch: message.epoch, reports });
    }
    case "end":
      session = noSession;
  }
}

async function begin(
  { runs }: Session,
  problem: Problem,
  member: Member,
): Promise<MemberFailure | null> {
  try {
    const solver = await solverRegistry[member.solver].load();
    const declined = solver.declines(problem);
    if (declined !== null) return { member: member.index, message: declined };
    runs.set(member.index, solver.start(problem, member.seed));
    return null;
  } catch (error) {
    return { member: member.index, message: textOf(error) };
  }
}

function step(
  { runs, done, interrupt, plan }: Session,
  { member, workUnits }: Quota,
  known: { readonly value: number; readonly bound: number },
): MemberReport {
  const idle = { member, workUnits: 0, improved: null, bound: 0, done: true };
  if (done.has(member)) return { ...idle, failure: null };
  const run = runs.get(member);
  if (run === undefined) return { ...idle, failure: "not started" };
  const shared: Shared = {
    plan,
    value: known.value,
    bound: known.bound,
    interrupted: () => Atomics.load(interrupt, 0) !== 0,
    progress: (news: SolverNews) => send({ kind: "progress", member, ...news }),
  };
  try {
    const report = run.step(workUnits, shared);
    if (report.done) {
      done.add(member);
      runs.delete(member);
    }
    return { member, failure: null, ...report };
  } catch (error) {
    runs.delete(member);
    return { ...idle, failure: textOf(error) };
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
