/**
 * What really happened, noted where it happened: programs that ran, and what users were told. It
 * shares nothing with the system that it watches; the checks hold the one against the other.
 */
import type { Resources } from "../core/resources.js";

export interface ProgramRun {
  readonly attempt: string;
  readonly task: string;
  readonly worker: string;
  readonly resources: Resources;
  readonly startedAtMs: number;
  /** null: it still runs. */
  endedAtMs: number | null;
  /** Of a program that ended by itself; null: it was stopped, or died with its machine. */
  exitCode: number | null;
}

export interface Acknowledged {
  readonly key: string;
  readonly jobId: string;
  readonly atMs: number;
}

/** Something that a worker's programs or memory may not survive. */
export interface Disaster {
  readonly worker: string;
  readonly atMs: number;
}

/** A machine that stood still. */
export interface Hold {
  readonly worker: string;
  readonly fromMs: number;
  toMs: number;
}

export interface Witness {
  readonly runs: ProgramRun[];
  readonly acknowledged: Acknowledged[];
  readonly disasters: Disaster[];
  readonly holds: Hold[];
  /** When a master that had stood still for long went on. */
  readonly wokenAtMs: number[];
  /** What went wrong inside: a rejected promise, an assertion. */
  readonly errors: string[];
  /** Everything in order, for the trace. */
  note(line: string): void;
}

export function createWitness(note: (line: string) => void): Witness {
  return { runs: [], acknowledged: [], disasters: [], holds: [], wokenAtMs: [], errors: [], note };
}
