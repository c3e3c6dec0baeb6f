/**
 * Mistakes that a simulated life must find: each is a change of the real source, made only in a
 * bundle of its own for a test (build.mjs). What is no longer found in the source is an error, so
 * that the list stays true.
 */
export interface PlantedBug {
  readonly name: string;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
}

const one = (name: string, file: string, find: string, replace: string): PlantedBug => ({
  name,
  changes: [{ file, find, replace }],
});

const engine = "master/shell/engine.ts";
const sessions = "master/shell/sessions.ts";
const attempts = "worker/supervisor/attempts.ts";

export const plantedBugs: readonly PlantedBug[] = [
  one(
    "the journal does not sync",
    "master/journal/segmented-file.ts",
    "      await this.#file.datasync();\n",
    "",
  ),
  one(
    "replies go out before they are durable",
    engine,
    "    await this.durable();\n    return reply;",
    "    return reply;",
  ),
  one(
    "commands go out before they are durable",
    engine,
    "    const written = this.#append(events);\n",
    "    const written = this.#append(events);\n    for (const [worker, list] of commands) this.#outlets.toWorker(worker, list);\n",
  ),
  one(
    "a heartbeat acknowledges what is not durable",
    sessions,
    "    this.#undecided.add(message.sequence);\n",
    "",
  ),
  one(
    "a lost worker is not told to say Hello",
    sessions,
    "    this.#open.get(worker)?.end();\n  }\n\n  accept",
    "    void worker;\n  }\n\n  accept",
  ),
  one(
    "a supervisor starts a launch that it knows",
    "worker/supervisor/supervisor.ts",
    "this.#refuseStale(attempt, epoch) || this.#answerKnown(attempt)",
    "this.#refuseStale(attempt, epoch)",
  ),
  one(
    "attempt numbers are used again",
    "master/pure/dispatch.ts",
    "attemptId(task.id, task.attempts.length + 1);",
    "attemptId(task.id, Math.max(1, task.attempts.length));",
  ),
  one(
    "idempotency keys are forgotten",
    "master/pure/submit.ts",
    'idempotencyKey !== "" && known !== undefined',
    'idempotencyKey === "?" && known !== undefined',
  ),
  one(
    "what is kept is replaced at once",
    "master/pure/session.ts",
    "    if (task.template.idempotent) {\n",
    "    if (task.template.idempotent || task.blockers === 0) {\n",
  ),
  one(
    "what is to be stopped is replaced before it must have been",
    "master/pure/session.ts",
    "lastHeardAtMs + onLost.afterMs + killGraceMs + state.settings.clockMarginMs",
    "nowMs",
  ),
  one(
    "a supervisor does not keep to leases",
    "worker/supervisor/leases.ts",
    "      onExpired(attempt);\n",
    "",
  ),
  {
    name: "nobody looks at capacities",
    changes: [
      {
        file: "master/pure/dispatch.ts",
        find: "if (!fits(chargedResources(template), free)) return null;",
        replace: "void fits(chargedResources(template), free);",
      },
      {
        file: "worker/supervisor/supervisor.ts",
        find: "if (missing.length > 0) {",
        replace: "if (missing.length > 99) {",
      },
    ],
  },
  {
    name: "what a worker holds is given back twice",
    changes: [
      {
        file: "master/pure/evolve/attempts.ts",
        find: "  worker.used = subtractResources(worker.used, chargedResources(template));\n",
        replace:
          "  for (let i = 0; i < 2; i++) worker.used = subtractResources(worker.used, chargedResources(template));\n",
      },
      {
        file: "worker/supervisor/supervisor.ts",
        find: "if (missing.length > 0) {",
        replace: "if (missing.length > 99) {",
      },
    ],
  },
  one(
    "what a pool gave is given back twice",
    "master/pure/evolve/attempts.ts",
    "  charge(state, task, template, -1);\n",
    "  charge(state, task, template, -1);\n  charge(state, task, template, -1);\n",
  ),
  one(
    "nobody looks at pools",
    "master/pure/dispatch.ts",
    "takenOf(state, name) + amount <= pool.capacity",
    "takenOf(state, name) + amount <= pool.capacity + 9",
  ),
  one(
    "a failed task is as good as one that succeeded",
    "master/pure/condition.ts",
    'return end === "succeeded";',
    'return end === "succeeded" || end === "failed";',
  ),
  one(
    "a gang's members start one by one",
    "master/pure/dispatch.ts",
    "      if (isGang(task)) {\n",
    "      if (isGang(task) && worker.used.cpuMillis < 0) {\n",
  ),
  one(
    "a backoff never ends",
    "master/pure/tick.ts",
    'if (task.status.kind === "backoff" && task.status.untilMs <= nowMs) {',
    'if (task.status.kind === "backoff" && task.status.untilMs <= 0) {',
  ),
  one(
    "a task may fail for ever",
    "master/pure/remedies.ts",
    "if (!isOver && own < allowed) {",
    "if (!isOver && own < allowed + 50) {",
  ),
  one(
    "what is never retried is",
    "master/pure/remedies.ts",
    "from <= outcome.exitCode && outcome.exitCode <= to",
    "from < 0 && outcome.exitCode <= to",
  ),
  one(
    "nobody counts what is tried again",
    "master/pure/evolve/jobs.ts",
    "  task.job.retriesSpent++;\n",
    "",
  ),
  one("a paused job goes on", "master/pure/dispatch.ts", "    if (isPaused(task)) continue;\n", ""),
  one(
    "nobody is told that a job is resumed",
    "master/pure/effects.ts",
    '    case "JobPaused":\n    case "JobResumed":\n',
    '    case "JobPaused":\n',
  ),
  one(
    "quarantine takes whatever fails",
    "master/pure/quarantine.ts",
    "return others > 0 && quarantined + 1 <= present / 2;",
    "return others >= 0 && quarantined >= 0 && present > 0;",
  ),
  one(
    "poison is tried for ever",
    "master/pure/outcome.ts",
    "crashes(task) >= (task.template.retry.crashesMax ?? crashesDefault)",
    "crashes(task) >= (task.template.retry.crashesMax ?? crashesDefault) + 9",
  ),
  one(
    "a change is left out of the state's hash",
    "master/pure/evolve/attempts.ts",
    "    task.job.progressed = true;\n    touchJob(state, task.job);\n",
    "    task.job.progressed = true;\n",
  ),
  one(
    "a Welcome forgets what is to be launched",
    "master/pure/effects.ts",
    'if (status?.kind === "launching") addLaunch(state, id, commands);',
    "",
  ),
  one(
    "a Hello forgets what was not acknowledged",
    "worker/agent/session.ts",
    "return { incarnation, facts, epochSeen, live, unacknowledged, ...held };",
    "void unacknowledged;\n  return { incarnation, facts, epochSeen, live, unacknowledged: [], ...held };",
  ),
  one(
    "what a worker has forgotten is not given up",
    "master/pure/session.ts",
    'lost("its worker no longer knows it", nowMs, faultOf(attempt));\n    yield* endAttempt(state, attempt.id, end, nowMs);\n',
    'lost("its worker no longer knows it", nowMs, faultOf(attempt));\n    void end;\n',
  ),
  one(
    "a new supervisor leaves running what it says it lost",
    "worker/supervisor/recovery.ts",
    "      await driver?.reap(attempt, directory, identity);\n",
    "      void identity;\n",
  ),
  one(
    "the master is deaf and does not know it",
    engine,
    "    this.#allowForDeafness(nowMs - this.#tickedAtMs);\n",
    "",
  ),
  one(
    "a torn tail is left in the journal",
    "master/journal/recover.ts",
    "      await file.truncate(end.position);\n",
    "",
  ),
  one(
    "what was not told is told for ever",
    attempts,
    '    this.#live.delete(attempt);\n    emit({ kind: "finished", finished });\n',
    "    this.#live.delete(attempt);\n",
  ),
  one(
    "leases count from when an answer was received",
    "worker/agent/session.ts",
    "sentAtMonotonicMs: renewedAtMonotonicMs }",
    "sentAtMonotonicMs: this.#options.clock.monotonicMs() }",
  ),
  one(
    "a new leader does not start the clocks of silence anew",
    engine,
    "this.state.workers.keys()) this.lastHeard.set(worker, nowMs);",
    "this.state.workers.keys()) this.lastHeard.set(worker, nowMs - 3_600_000);",
  ),
  one(
    "a new master leads in the epoch of the one before",
    "master/pure/evolve.ts",
    "      state.epoch = event.epoch;\n",
    "      state.epoch = Math.max(state.epoch, 1);\n",
  ),
  one(
    "an append that is asked for again is written again",
    "master/journal/journal.ts",
    'expectedTail + batch.length <= state.acceptedTail) return "compare";',
    'expectedTail + batch.length <= state.acceptedTail) return "append";',
  ),
  one(
    "an event is left out behind a snapshot",
    "master/shell/recovery.ts",
    "source.read(file.sequence + 1));\n    return",
    "source.read(file.sequence + 2));\n    return",
  ),
  one(
    "a snapshot forgets what is used up",
    "master/pure/state-codec.ts",
    "    state.poolConsumed.set(name, amount);\n",
    "    void amount;\n",
  ),
  one(
    "what began and was lost has used up nothing",
    "master/pure/evolve/attempts.ts",
    "  if (startedAtMs !== null || hadStarted) consume(state, template);\n",
    '  if (outcome.kind === "exited") consume(state, template);\n',
  ),
  one(
    "a planner's bound is believed",
    "master/pure/admission.ts",
    "    bound: Math.min(evaluation.value, bounds.value),\n",
    "    bound: bounds.value,\n",
  ),
  one(
    "a cordon keeps nothing away",
    "master/pure/openness.ts",
    '  if (cordonedAtMs !== null || quarantine !== null) return "closed";\n',
    '  void cordonedAtMs;\n  if (quarantine !== null) return "closed";\n',
  ),
  one(
    "a quarantine keeps nothing away",
    "master/pure/openness.ts",
    '  if (cordonedAtMs !== null || quarantine !== null) return "closed";\n',
    '  void quarantine;\n  if (cordonedAtMs !== null) return "closed";\n',
  ),
  one(
    "a drain keeps nothing away",
    "master/pure/openness.ts",
    '  return drain.stage === "finishing" ? "finishing" : "closed";\n',
    '  return drain.stage === "finishing" ? "finishing" : "open";\n',
  ),
  one(
    "a maintenance window keeps nothing away",
    "master/pure/openness.ts",
    "    if (next.done !== true) untilMs = Math.min(untilMs, next.value.fromMs);\n",
    "",
  ),
  one(
    "a refused gang is not released",
    "master/pure/session.ts",
    "    yield* releaseGang(found.task, found.attempt);\n",
    "",
  ),
  one(
    "a drained attempt counts as a failure",
    "master/pure/outcome.ts",
    '  return asked === "drained" ? { kind: "drained" } : outcome;\n',
    "  return outcome;\n",
  ),
  one(
    "a launch that was refused is started when it is told again",
    "worker/supervisor/supervisor.ts",
    '    else if (refused !== undefined) emit({ kind: "refused", refused });\n',
    "",
  ),
  one(
    "memory lets go of what the archive does not have",
    "master/history/archivist.ts",
    "    await archive.put(rows);\n",
    "    void rows;\n",
  ),
  one(
    "what runs already is revised",
    "master/pure/revise.ts",
    "if (waiting.has(key) && isNews(",
    "if (isNews(",
  ),
  {
    name: "a proposal replaces what is pinned",
    changes: [
      {
        file: "master/pure/models.ts",
        find: "    if (model.pinned) return fail(",
        replace: '    if (model.version === "?") return fail(',
      },
      {
        file: "master/shell/predictor-client.ts",
        find: "this.#isProposing || model.pinned ||",
        replace: "this.#isProposing ||",
      },
    ],
  },
];
