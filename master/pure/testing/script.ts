/**
 * A master without a shell, for tests and golden transcripts: commands in, events out, time as a
 * number. Every command is also replayed into a second state, whose hash must agree.
 */
import { expect } from "vitest";
import { type AttemptId, jobId, taskId, workerId } from "../../../core/ids.js";
import type { JobSpec } from "../../../core/job.js";
import type { Result } from "../../../core/result.js";
import { workerFacts } from "../../../core/testing/jobs.js";
import type { Outcome, WorkerFacts } from "../../../core/worker.js";
import type { Command, Reply } from "../commands.js";
import type { ClusterSettings, Event, Recorded } from "../events.js";
import { evolve } from "../evolve.js";
import { defaultSettings, genesis } from "../genesis.js";
import { stateHash } from "../hash.js";
import { needsPlacement } from "../place.js";
import type { Attempt, State } from "../state.js";
import { step } from "../step.js";
import { brokenLaunch } from "./invariants.js";

export class Script {
  readonly state: State = genesis();
  readonly events: Recorded[] = [];
  nowMs = 1_000_000;
  /** Of what ends from now on. */
  peakMemoryBytes: number | null = null;
  readonly lastHeard = new Map<ReturnType<typeof workerId>, number>();
  readonly #replica: State = genesis();

  constructor(settings: Partial<ClusterSettings> = {}) {
    this.do({ type: "BeginEpoch", epoch: 1, settings: { ...defaultSettings, ...settings } });
  }

  /** Runs one command, then what the shell does after each: place, dispatch. */
  do(command: Command): Result<Reply> {
    const reply = this.#step(command);
    if (needsPlacement(this.state)) this.#step({ type: "Place" });
    this.#step({ type: "Dispatch" });
    expect(stateHash(this.#replica.hash)).toBe(stateHash(this.state.hash));
    return reply;
  }

  #step(command: Command): Result<Reply> {
    const { events, reply } = step(this.state, command, "tester", this.nowMs);
    for (const event of events) {
      this.events.push(event);
      expect(brokenLaunch(this.state, event)).toEqual([]);
      // Through JSON, as from the journal.
      evolve(this.#replica, JSON.parse(JSON.stringify(event)) as Recorded);
    }
    return reply;
  }

  submit(spec: JobSpec, id = "job"): Result<Reply> {
    return this.do({ type: "Submit", jobId: jobId(id), spec, idempotencyKey: "" });
  }

  join(name: string, facts: Partial<WorkerFacts> = {}, session = "s1", boot = "b1"): void {
    const worker = workerId(name);
    this.lastHeard.set(worker, this.nowMs);
    this.do({
      type: "WorkerHello",
      hello: {
        incarnation: { worker, boot, session },
        facts: { ...workerFacts(name), ...facts },
        epochSeen: 0,
        live: [],
        unacknowledged: [],
      },
    });
  }

  started(task: string, attempt = 1): void {
    this.report(this.#attempt(task, attempt), null);
  }

  finished(task: string, outcome: Outcome | number = 0, attempt = 1): void {
    const end: Outcome = typeof outcome === "number" ? exited(outcome) : outcome;
    this.report(this.#attempt(task, attempt), end);
  }

  tick(forwardMs: number): void {
    this.nowMs += forwardMs;
    this.do({ type: "Tick", lastHeard: this.lastHeard });
  }

  status(task: string, id = "job"): string {
    const { status } = this.state.tasks.get(taskId(jobId(id), task)) ?? {};
    return status?.kind === "ended" ? status.state : (status?.kind ?? "none");
  }

  types(): Event["type"][] {
    return this.events.map(({ event }) => event.type);
  }

  /** What its worker says of an attempt now: that it has started, or how it ended. */
  report({ id, worker, status }: Attempt, outcome: Outcome | null): void {
    const incarnation = this.state.workers.get(worker)?.incarnation;
    if (incarnation === undefined) throw new Error(`no worker ${worker}`);
    const startedAtMs = status.kind === "running" ? status.startedAtMs : this.nowMs;
    this.do({
      type: "WorkerReport",
      incarnation,
      started: outcome === null ? [{ attempt: id, startedAtMs, pid: 1 }] : [],
      finished:
        outcome === null
          ? []
          : [
              {
                ...finish(id, outcome, this.peakMemoryBytes),
                startedAtMs,
                endedAtMs: this.nowMs,
              },
            ],
      refused: [],
    });
  }

  /** Its worker says that it holds an attempt, or no longer does. */
  holds({ id, worker }: Attempt, held: boolean): void {
    const incarnation = this.state.workers.get(worker)?.incarnation;
    if (incarnation === undefined) throw new Error(`no worker ${worker}`);
    const none = { started: [], finished: [], refused: [] };
    const answer = { attempt: id, held, problem: null };
    this.do({ type: "WorkerReport", incarnation, ...none, held: [answer] });
  }

  /** Its worker has not started an attempt, and will not. */
  refused({ id, worker }: Attempt): void {
    const incarnation = this.state.workers.get(worker)?.incarnation;
    if (incarnation === undefined) throw new Error(`no worker ${worker}`);
    const refused = [{ attempt: id, reason: "no_capacity" as const, message: "full" }];
    this.do({ type: "WorkerReport", incarnation, started: [], finished: [], refused });
  }

  #attempt(name: string, number: number): Attempt {
    const task = [...this.state.tasks.values()].find(({ entry }) => entry.name === name);
    const attempt = task?.attempts[number - 1];
    if (attempt === undefined) throw new Error(`no attempt ${number} of ${name}`);
    return attempt;
  }
}

const finish = (attempt: AttemptId, outcome: Outcome, peakMemoryBytes: number | null) => ({
  attempt,
  outcome,
  usage: { peakMemoryBytes, cpuMs: null },
  stdoutBytes: 0,
  stderrBytes: 0,
});

const exited = (exitCode: number): Outcome => ({ kind: "exited", exitCode });
