/**
 * What of each group was submitted and has not ended: how many wait and run, and since when the
 * first of them runs. A run that goes on says that such tasks take at least so long, before any
 * duration is known. A fold of submissions, starts and ends; as large as what is in flight.
 */
export interface InFlight {
  readonly groups: Map<string, Flight>;
}

interface Flight {
  waiting: number;
  /** Starts, by task; the earliest first. */
  readonly running: Map<string, number>;
}

export const emptyInFlight = (): InFlight => ({ groups: new Map() });

export function taskSubmitted({ groups }: InFlight, names: readonly string[]): void {
  for (const name of new Set(names)) {
    const own = groups.get(name) ?? { waiting: 0, running: new Map() };
    own.waiting++;
    groups.set(name, own);
  }
}

/** Starts are told in their order. */
export function taskStarted(
  { groups }: InFlight,
  names: readonly string[],
  task: string,
  atMs: number,
): void {
  for (const name of new Set(names)) {
    const own = groups.get(name);
    if (own === undefined) continue;
    own.waiting--;
    own.running.set(task, atMs);
  }
}

/** Of a task that had started, or was given up before. */
export function taskEnded({ groups }: InFlight, names: readonly string[], task: string): void {
  for (const name of new Set(names)) {
    const own = groups.get(name);
    if (own === undefined) continue;
    if (!own.running.delete(task)) own.waiting--;
    if (own.waiting === 0 && own.running.size === 0) groups.delete(name);
  }
}

export interface FlightOfGroup {
  readonly running: number;
  readonly waiting: number;
  /** Of the run that began first; NaN where none runs. */
  readonly elapsedMs: number;
}

const nothing: FlightOfGroup = { running: 0, waiting: 0, elapsedMs: Number.NaN };

export function flightOf({ groups }: InFlight, name: string, nowMs: number): FlightOfGroup {
  const own = groups.get(name);
  if (own === undefined) return nothing;
  const first = own.running.values().next();
  const elapsedMs = first.done === true ? Number.NaN : Math.max(0, nowMs - first.value);
  return { running: own.running.size, waiting: own.waiting, elapsedMs };
}
