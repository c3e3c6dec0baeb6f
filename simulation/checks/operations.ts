/** Promises about workers that are taken out of use and come back, and about what is planned. */
import type { Recorded } from "../../master/pure/events.js";
import { worldBeganAtMs } from "../world/machine.js";
import type { Evidence } from "./evidence.js";
import { launchesIn, poolsOf } from "./history.js";

/** Once nothing has gone wrong for a while. */
export function* everybodyConnected({ history, capacities }: Evidence): Iterable<string> {
  const last = new Map<string, string>();
  for (const { event } of history.events) {
    if (event.type === "WorkerRegistered") last.set(event.incarnation.worker, event.type);
    if (event.type === "WorkerLost" || event.type === "WorkerDisconnected") {
      last.set(event.worker, event.type);
    }
  }
  for (const worker of capacities.keys()) {
    const how = last.get(worker);
    if (how !== "WorkerRegistered") yield `the last of ${worker} is ${how ?? "nothing"}`;
  }
}

/** What workers said while the master stood still waits to be read: silence was its own. */
export function* deafnessForgiven({ witness, history, capacities }: Evidence): Iterable<string> {
  for (const wokenAtMs of witness.wokenAtMs) {
    const lost = new Set<string>();
    for (const { event, atMs } of history.events) {
      const sinceMs = atMs - worldBeganAtMs - wokenAtMs;
      if (event.type === "WorkerLost" && sinceMs >= 0 && sinceMs < 300) lost.add(event.worker);
    }
    if (lost.size > 1 && lost.size > capacities.size / 2) {
      yield `${lost.size} of ${capacities.size} workers were lost when the master went on`;
    }
  }
}

interface Closings {
  readonly cordoned: Set<string>;
  readonly quarantined: Set<string>;
  /** Drains whose deadline has passed, or that have none. */
  readonly drained: Set<string>;
  readonly windows: Map<
    string,
    { readonly worker: string; readonly fromMs: number; readonly toMs: number }
  >;
}

export function* closedStayClosed({ history }: Evidence): Iterable<string> {
  const closings: Closings = {
    cordoned: new Set(),
    quarantined: new Set(),
    drained: new Set(),
    windows: new Map(),
  };
  for (const recorded of history.events) {
    for (const { attempt, worker } of launchesIn(recorded.event)) {
      const why = closedBy(closings, worker, recorded.atMs);
      if (why !== null) yield `${attempt} was launched on ${worker}, ${why}`;
    }
    note(closings, recorded);
  }
}

function closedBy(closings: Closings, worker: string, atMs: number): string | null {
  if (closings.cordoned.has(worker)) return "which is cordoned";
  if (closings.quarantined.has(worker)) return "which is in quarantine";
  if (closings.drained.has(worker)) return "which is drained";
  for (const window of closings.windows.values()) {
    if (window.worker === worker && window.fromMs <= atMs && atMs < window.toMs) {
      return "in a maintenance window";
    }
  }
  return null;
}

function note(closings: Closings, { event }: Recorded): void {
  const { cordoned, quarantined, drained, windows } = closings;
  switch (event.type) {
    case "WorkerCordoned":
      cordoned.add(event.worker);
      return;
    case "WorkerUncordoned":
      cordoned.delete(event.worker);
      return;
    case "WorkerQuarantined":
      quarantined.add(event.worker);
      return;
    case "QuarantineLifted":
      quarantined.delete(event.worker);
      return;
    case "DrainBegan":
      if (event.deadlineAtMs === null) drained.add(event.worker);
      else drained.delete(event.worker);
      return;
    case "DrainDeadlinePassed":
      drained.add(event.worker);
      return;
    case "DrainEnded":
      drained.delete(event.worker);
      return;
    case "MaintenanceScheduled": {
      const { worker, window } = event;
      windows.set(window.id, { worker, fromMs: window.fromMs, toMs: window.toMs });
      return;
    }
    case "MaintenanceRemoved":
      windows.delete(event.window);
      return;
    default:
      return;
  }
}

/** What one of a gang could not begin, the others do not go on with. */
export function* gangsReleased({ history }: Evidence): Iterable<string> {
  const launchedWith = new Map<string, readonly string[]>();
  const over = new Set<string>();
  for (const { event } of history.events) {
    if (event.type === "GangLaunched") {
      const members = event.attempts.map(({ attempt }) => attempt);
      for (const attempt of members) launchedWith.set(attempt, members);
    }
    if (event.type === "AttemptStopRequested") over.add(event.attempt);
    if (event.type !== "AttemptEnded") continue;
    over.add(event.attempt);
    const { outcome } = event;
    if (outcome.kind !== "lost" || !outcome.message.startsWith("refused")) continue;
    for (const other of launchedWith.get(event.attempt) ?? []) {
      if (!over.has(other)) yield `${other} goes on though ${event.attempt} was refused`;
    }
  }
}

/** What is stopped because its worker is emptied has not failed, whatever its program made of it. */
export function* drainsBlameless({ history }: Evidence): Iterable<string> {
  const asked = new Map<string, string>();
  for (const { event } of history.events) {
    if (event.type === "AttemptStopRequested") asked.set(event.attempt, event.reason);
    if (event.type !== "AttemptEnded" || asked.get(event.attempt) !== "drained") continue;
    const { outcome } = event;
    const isDone = outcome.kind === "exited" && outcome.exitCode === 0;
    if (isDone || outcome.kind === "drained" || outcome.kind === "lost") continue;
    yield `${event.attempt} was stopped by a drain and ended as ${outcome.kind}`;
  }
}

export function* boundsHold({ history }: Evidence): Iterable<string> {
  for (const { event, seq } of history.events) {
    if (event.type !== "PlanAdopted" || event.bound <= event.value) continue;
    yield `the plan of event ${seq} has the bound ${event.bound} above its value ${event.value}`;
  }
}

/** What began and has ended has used up what it asked for; what never began has not. */
export function* consumedAddsUp({ history, consumed }: Evidence): Iterable<string> {
  const began = new Set<string>();
  const total = new Map<string, number>();
  for (const { event } of history.events) {
    if (event.type === "AttemptStarted" || event.type === "AttemptRecovered") {
      began.add(event.attempt);
    }
    if (event.type !== "AttemptEnded") continue;
    if (event.startedAtMs === null && !began.has(event.attempt)) continue;
    for (const [pool, amount] of poolsOf(history, event.attempt)) {
      total.set(pool, (total.get(pool) ?? 0) + amount);
    }
  }
  for (const [pool, amount] of consumed) {
    const expected = total.get(pool) ?? 0;
    if (amount !== expected) yield `of ${pool} ${amount} is said to be used up, ${expected} was`;
  }
}
