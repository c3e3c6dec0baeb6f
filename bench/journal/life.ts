/**
 * A master's life without a shell: jobs of independent tasks arrive, are placed, dispatched, and
 * reported by a worker that never fails. Every event is decided, journalled and folded.
 */
import { jobId, taskOfAttempt, workerId } from "../../core/ids.js";
import { noResources } from "../../core/resources.js";
import type { Journal } from "../../master/journal/journal.js";
import type { Command } from "../../master/pure/commands.js";
import type { Recorded } from "../../master/pure/events.js";
import { defaultSettings, genesis } from "../../master/pure/genesis.js";
import type { State } from "../../master/pure/state.js";
import { step } from "../../master/pure/step.js";
import { argv, benchJob, benchTemplate } from "../jobs.js";

const worker = workerId("one");
const incarnation = { worker, boot: "b", session: "s" };
/** Batches that may wait for the disk. */
const inFlightMax = 32;

const none = "not_enforced" as const;

const facts = {
  name: "one",
  hostname: "host",
  capacity: { ...noResources, cpuMillis: 1_000_000, memoryBytes: 2 ** 44 },
  devices: [],
  labels: {},
  drivers: [{ name: "process" as const, cpuLimit: none, memoryLimit: none }],
  unavailableDrivers: [],
  speed: 1,
  softwareVersion: "bench",
};

/** Lives until the journal has that many events; returns the state. */
export async function live(journal: Journal, events: number, tasksPerJob = 100): Promise<State> {
  const state = genesis();
  let nowMs = 1_700_000_000_000;
  const inFlight: Promise<void>[] = [];

  async function turn(commands: readonly Command[]): Promise<void> {
    const batch: Recorded[] = [];
    for (const command of commands) batch.push(...step(state, command, "bench", nowMs).events);
    nowMs += 5;
    if (batch.length === 0) return;
    const records = batch.map((event) => ({ sequence: event.seq, payload: JSON.stringify(event) }));
    inFlight.push(journal.append(state.epoch, (batch[0]?.seq ?? 1) - 1, records));
    if (inFlight.length >= inFlightMax) await inFlight.shift();
  }

  await turn([
    { type: "BeginEpoch", epoch: 1, settings: defaultSettings },
    {
      type: "WorkerHello",
      hello: { incarnation, facts, epochSeen: 0, live: [], unacknowledged: [] },
    },
  ]);
  const template = benchTemplate(argv("true"), 1_000);
  const environments = Array.from({ length: tasksPerJob }, () => ({}));
  for (let job = 0; state.seq < events; job++) {
    const spec = benchJob("load", template, environments);
    const submit = { type: "Submit", jobId: jobId(`j${job}`), spec, idempotencyKey: "" } as const;
    await turn([submit, { type: "Place" }, { type: "Dispatch" }]);
    await turn([report(state, nowMs, "started")]);
    await turn([report(state, nowMs, "finished")]);
  }
  await Promise.all(inFlight);
  return state;
}

function report(state: State, nowMs: number, what: "started" | "finished"): Command {
  const attempts = [...(state.workers.get(worker)?.live.keys() ?? [])];
  const usage = { peakMemoryBytes: null, cpuMs: null };
  const outcome = { kind: "exited", exitCode: 0 } as const;
  const startedAtMs = nowMs - 1;
  return {
    type: "WorkerReport",
    incarnation,
    started:
      what === "started" ? attempts.map((attempt) => ({ attempt, startedAtMs, pid: 1 })) : [],
    finished:
      what === "finished"
        ? attempts.map((attempt) => ({
            attempt,
            outcome,
            usage,
            startedAtMs,
            endedAtMs: nowMs + taskOfAttempt(attempt).length,
            stdoutBytes: 0,
            stderrBytes: 0,
          }))
        : [],
    refused: [],
  };
}
