/**
 * The promises, held against what the witness saw. Each check says what broke, in words; together
 * they share no code with master, planner or worker.
 */
import type { ProgramRun, Witness } from "../witness.js";
import type { Evidence } from "./evidence.js";
import { type History, launchesIn, poolsOf, type TaskStory, taskOf } from "./history.js";
import {
  boundsHold,
  closedStayClosed,
  consumedAddsUp,
  deafnessForgiven,
  drainsBlameless,
  everybodyConnected,
  gangsReleased,
} from "./operations.js";
import {
  budgetsKept,
  endsByRule,
  neverRetried,
  pausesKept,
  poisonStopped,
  quarantineSpares,
} from "./policies.js";
import { pinsKept, revisionsInTime } from "./predictions.js";

export interface Violation {
  readonly promise: string;
  readonly what: string;
}

type Check = (evidence: Evidence) => Iterable<string>;

export function checkAll(evidence: Evidence): Violation[] {
  return Object.entries(checks).flatMap(([promise, check]) =>
    [...check(evidence)].map((what) => ({ promise, what })),
  );
}

const checks: Readonly<Record<string, Check>> = {
  "nothing goes wrong inside": ({ witness }) => witness.errors,
  "an acknowledged job is kept, under one id": acknowledgedKept,
  "what has left memory is in the archive": archiveWhole,
  "the journal has no holes": journalWhole,
  "an attempt starts once": startsOnce,
  "a task that may not run twice never does": neverTwice,
  "an attempt ends once": endsOnce,
  "a task ends once": taskEndsOnce,
  "what a task waits for has happened": dependenciesMet,
  "no worker holds more than it has": capacityKept,
  "no pool gives more than it has": poolsKept,
  "a gang starts whole": gangsWhole,
  "every task ends": everyTaskEnds,
  "what succeeded ran to its end": successIsReal,
  "what ran to its end is not run again": successNotRepeated,
  "a task fails no more often than it may": retriesBounded,
  "whoever is there is connected": everybodyConnected,
  "a master that stood still loses nobody for it": deafnessForgiven,
  "who is closed gets nothing new": closedStayClosed,
  "a gang goes on whole or not at all": gangsReleased,
  "what a drain stops has not failed": drainsBlameless,
  "a bound is not above the value of its plan": boundsHold,
  "what is used up adds up": consumedAddsUp,
  "a code that is never retried is not": ({ history }) => neverRetried(history),
  "a job keeps to its budget of retries": ({ history }) => budgetsKept(history),
  "what takes down its worker is stopped": ({ history }) => poisonStopped(history),
  "quarantine never empties the cluster": ({ history }) => quarantineSpares(history),
  "nothing of a paused job begins": ({ history }) => pausesKept(history),
  "a job ends as its rule says": ({ history }) => endsByRule(history),
  "only of what waits estimates are revised": ({ history }) => revisionsInTime(history),
  "what is pinned no proposal replaces": ({ history }) => pinsKept(history),
};

function* acknowledgedKept({ witness, history }: Evidence): Iterable<string> {
  const byKey = new Map<string, string>();
  for (const { key, jobId } of witness.acknowledged) {
    const other = byKey.get(key);
    if (other !== undefined && other !== jobId) yield `${key} is ${other} and ${jobId}`;
    byKey.set(key, jobId);
    if (!history.jobs.has(jobId)) yield `${key} was acknowledged as ${jobId}, which is not there`;
  }
  const jobs = new Map<string, string>();
  for (const [job, { key }] of history.jobs) {
    if (key !== "" && jobs.has(key)) yield `${key} became ${jobs.get(key)} and ${job}`;
    jobs.set(key, job);
  }
}

function* archiveWhole({ history, archived }: Evidence): Iterable<string> {
  const ends = new Map<string, string>();
  for (const { event } of history.events) {
    if (event.type === "JobEnded") ends.set(event.job, event.state);
    if (event.type !== "JobArchived") continue;
    const [end, found] = [ends.get(event.job), archived.get(event.job)];
    if (end === undefined) yield `${event.job} left memory before it ended`;
    else if (found !== end) yield `${event.job} ended as ${end}; the archive says ${found}`;
  }
}

function* journalWhole({ history }: Evidence): Iterable<string> {
  let [seq, epoch] = [0, 0];
  for (const recorded of history.events) {
    if (recorded.seq !== seq + 1) yield `event ${recorded.seq} follows ${seq}`;
    if (recorded.epoch < epoch)
      yield `event ${recorded.seq} is of epoch ${recorded.epoch}, after ${epoch}`;
    ({ seq, epoch } = recorded);
  }
}

function* startsOnce({ witness }: Evidence): Iterable<string> {
  const seen = new Set<string>();
  for (const { attempt, worker } of witness.runs) {
    if (seen.has(attempt)) yield `${attempt} started again, on ${worker}`;
    seen.add(attempt);
  }
}

const endOf = (run: ProgramRun): number => run.endedAtMs ?? Number.POSITIVE_INFINITY;

function* neverTwice({ witness, history }: Evidence): Iterable<string> {
  for (const [task, runs] of byTask(witness.runs)) {
    if (history.tasks.get(task)?.template.idempotent === true) continue;
    for (const [index, run] of runs.entries()) {
      const before = runs.slice(0, index).find((one) => endOf(one) > run.startedAtMs);
      if (before !== undefined && !stoodStill(witness, before, run.startedAtMs))
        yield `${run.attempt} began while ${before.attempt} ran`;
    }
  }
}

/**
 * Nobody can stop what stands still with its whole machine; it must be gone as soon as that goes on.
 */
const stoodStill = ({ holds }: Witness, { worker, endedAtMs }: ProgramRun, atMs: number): boolean =>
  holds.some(
    (hold) =>
      hold.worker === worker &&
      hold.fromMs <= atMs &&
      atMs <= hold.toMs &&
      (endedAtMs ?? 0) <= hold.toMs + stoppingMs,
  );

/** Longer than any program of a workload takes to be killed. */
const stoppingMs = 1_500;

function byTask(runs: readonly ProgramRun[]): Map<string, ProgramRun[]> {
  const groups = new Map<string, ProgramRun[]>();
  for (const run of runs) groups.set(run.task, [...(groups.get(run.task) ?? []), run]);
  return groups;
}

function* endsOnce({ history }: Evidence): Iterable<string> {
  const ended = new Set<string>();
  for (const { event } of history.events) {
    if (event.type !== "AttemptEnded") continue;
    if (ended.has(event.attempt)) yield `${event.attempt} ended twice`;
    ended.add(event.attempt);
  }
}

function* taskEndsOnce({ history }: Evidence): Iterable<string> {
  // Nobody reopens a job in a simulated life.
  for (const { id, ends } of history.tasks.values()) {
    if (ends.length > 1)
      yield `${id} ended ${ends.length} times: ${ends.map((e) => e.state).join()}`;
  }
}

function* dependenciesMet({ history }: Evidence): Iterable<string> {
  const endedAs = new Map<string, string>();
  for (const { event } of history.events) {
    if (event.type === "TaskEnded") endedAs.set(event.task, event.state);
    for (const { attempt } of launchesIn(event)) {
      const story = history.tasks.get(taskOf(attempt));
      for (const { task, on } of story?.after ?? []) {
        if (!satisfies(endedAs.get(task), on))
          yield `${attempt} began with ${task} ${endedAs.get(task)}`;
      }
    }
  }
}

function satisfies(state: string | undefined, on: string): boolean {
  if (state === undefined) return false;
  if (on === "done") return true;
  return on === "success" ? state === "succeeded" : state === "failed" || state === "timed_out";
}

/** Starts and ends in order; at one instant ends come first. */
function timeline(
  runs: readonly ProgramRun[],
): { readonly run: ProgramRun; readonly sign: number }[] {
  return runs
    .flatMap((run) => [
      { run, sign: 1, atMs: run.startedAtMs },
      { run, sign: -1, atMs: endOf(run) },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.sign - b.sign);
}

function* capacityKept({ witness, capacities }: Evidence): Iterable<string> {
  const used = new Map<string, { cpuMillis: number; memoryBytes: number }>();
  for (const { run, sign } of timeline(witness.runs)) {
    const capacity = capacities.get(run.worker);
    const now = used.get(run.worker) ?? { cpuMillis: 0, memoryBytes: 0 };
    now.cpuMillis += sign * run.resources.cpuMillis;
    now.memoryBytes += sign * run.resources.memoryBytes;
    used.set(run.worker, now);
    if (capacity === undefined || sign < 0) continue;
    if (now.cpuMillis > capacity.cpuMillis || now.memoryBytes > capacity.memoryBytes) {
      yield `${run.worker} holds ${now.cpuMillis} of ${capacity.cpuMillis} cpu, ${now.memoryBytes} of ${capacity.memoryBytes} bytes with ${run.attempt}`;
    }
  }
}

/** What may run twice and is given up gives back what it had, though it may run on out of reach. */
function* poolsKept({ witness, history, pools }: Evidence): Iterable<string> {
  const used = new Map<string, number>();
  const charged = witness.runs.map((run) => {
    const givenBackAtMs = history.attemptEndsMs.get(run.attempt) ?? Number.POSITIVE_INFINITY;
    return { ...run, endedAtMs: Math.min(endOf(run), givenBackAtMs) };
  });
  for (const { run, sign } of timeline(charged)) {
    for (const [pool, amount] of poolsOf(history, run.attempt)) {
      const now = (used.get(pool) ?? 0) + sign * amount;
      used.set(pool, now);
      const total = pools.get(pool) ?? Number.POSITIVE_INFINITY;
      if (sign > 0 && now > total)
        yield `pool ${pool} gives ${now} of ${total} with ${run.attempt}`;
    }
  }
}

/** All that a gang has to start is launched by one event: nobody else of it waits then. */
function* gangsWhole({ history }: Evidence): Iterable<string> {
  const [live, ended] = [new Set<string>(), new Set<string>()];
  for (const { event } of history.events) {
    if (event.type === "TaskEnded") ended.add(event.task);
    if (event.type === "AttemptEnded") live.delete(taskOf(event.attempt));
    for (const { attempt } of launchesIn(event)) live.add(taskOf(attempt));
    if (event.type !== "AttemptLaunched") continue;
    const story = history.tasks.get(taskOf(event.attempt));
    if (story?.template.gang === undefined) continue;
    const waiting = membersOf(history, story).filter(({ id }) => !live.has(id) && !ended.has(id));
    if (waiting.length > 0) yield `${event.attempt} began without ${waiting.length} of its gang`;
  }
}

const membersOf = (history: History, story: TaskStory): TaskStory[] => {
  const job = story.id.slice(0, story.id.indexOf("/") + 1);
  return [...history.tasks.values()].filter(
    ({ id, template }) => id.startsWith(job) && template.gang === story.template.gang,
  );
};

/** Once nothing goes wrong any more. Whoever asked to be kept may wait for its worker for ever. */
function* everyTaskEnds({ history }: Evidence): Iterable<string> {
  for (const { id, ends } of history.tasks.values()) {
    if (ends.length === 0) yield `${id} has not ended`;
  }
}

function* successIsReal({ witness, history }: Evidence): Iterable<string> {
  const runs = byTask(witness.runs);
  for (const { id, ends } of history.tasks.values()) {
    if (ends.at(-1)?.state !== "succeeded") continue;
    const ran = (runs.get(id) ?? []).some(({ exitCode }) => exitCode === 0);
    if (!ran) yield `${id} is said to have succeeded`;
  }
}

/** But for what may run twice, or is given up after a while, or was hit by a disaster of its worker. */
function* successNotRepeated({ witness, history }: Evidence): Iterable<string> {
  for (const [task, runs] of byTask(witness.runs)) {
    const { template } = history.tasks.get(task) ?? {};
    if (template?.idempotent !== false || template.onLost.kind !== "keep") continue;
    // Told to stop, it ended as told, whatever its program made of it.
    if (template.timeoutMs !== null || isStubborn(template)) continue;
    const done = runs.findIndex((run) => run.exitCode === 0);
    const [first, next] = [runs[done], runs[done + 1]];
    if (first === undefined || next === undefined) continue;
    const excused = witness.disasters.some(
      ({ worker, atMs }) =>
        worker === first.worker && atMs >= first.startedAtMs && atMs <= next.startedAtMs,
    );
    if (!excused) yield `${next.attempt} began after ${first.attempt} had succeeded`;
  }
}

function* retriesBounded({ witness, history }: Evidence): Iterable<string> {
  // However it ended, at about the moment of the drain.
  const drained = new Set<string>();
  for (const { event } of history.events) {
    if (event.type === "AttemptEnded" && event.outcome.kind === "drained") {
      drained.add(event.attempt);
    }
  }
  for (const [task, runs] of byTask(witness.runs)) {
    const { template } = history.tasks.get(task) ?? {};
    // Two copies of what may run twice can both fail, and both count only if both are heard of.
    if (template?.idempotent !== false) continue;
    const failed = runs.filter(
      ({ attempt, exitCode }) => exitCode !== null && exitCode !== 0 && !drained.has(attempt),
    ).length;
    const unheard = witness.disasters.filter(({ worker }) =>
      runs.some((run) => run.worker === worker),
    ).length;
    const { attemptsMax, fallback } = template.retry;
    const allowed = attemptsMax + (fallback?.attemptsMax ?? 0);
    if (template.onLost.kind === "keep" && failed > allowed + unheard) {
      yield `${task} failed ${failed} times, of ${allowed}`;
    }
  }
}

const isStubborn = ({ command: { program } }: TaskStory["template"]): boolean =>
  program.kind === "argv" && program.argv.includes("stubborn");
