/**
 * State from the journal: the fold of every record, in order, or the newest snapshot that can be
 * believed and the fold of what came after it. Never decides, never calls a solver.
 */
import type { FileSystem } from "../journal/file-system.js";
import {
  corrupt,
  type Journal,
  type JournalError,
  type JournalRecord,
} from "../journal/journal.js";
import { listSnapshots, readSnapshot, type SnapshotFile } from "../journal/snapshot-file.js";
import type { Recorded } from "../pure/events.js";
import { evolve } from "../pure/evolve.js";
import { genesis } from "../pure/genesis.js";
import type { State } from "../pure/state.js";
import { decodeState, stateCodecVersion } from "../pure/state-codec.js";
import { lift } from "../pure/upcast.js";

export async function replay(journal: Pick<Journal, "read">): Promise<State> {
  return foldInto(genesis(), journal.read(1));
}

/** Records of the journal, and what its chain says of where a segment begins. */
export interface Source {
  /** Sequence of the first record; those before it have been trimmed. */
  readonly begins: number;
  read(fromSequence: number): AsyncIterable<JournalRecord>;
  linkBefore(sequence: number): Promise<Buffer | null>;
}

export interface Restored {
  readonly state: State;
  /** The snapshot that the rest was folded onto; null: none, the whole journal was. */
  readonly snapshot: (SnapshotFile & { readonly bytes: number }) | null;
  /** Newer ones that could not be believed, and why. */
  readonly rejected: readonly { readonly path: string; readonly why: string }[];
}

export async function restore(
  fileSystem: FileSystem,
  directory: string,
  source: Source,
): Promise<Restored> {
  const rejected: { path: string; why: string }[] = [];
  for (const file of await listSnapshots(fileSystem, directory)) {
    const loaded = await load(fileSystem, file, source);
    if (!loaded.ok) {
      rejected.push({ path: file.path, why: loaded.why });
      continue;
    }
    const state = await foldInto(loaded.state, source.read(file.sequence + 1));
    return { state, snapshot: { ...file, bytes: loaded.bytes }, rejected };
  }
  if (source.begins > 1) throw withoutBase(directory, source.begins, rejected);
  return { state: await foldInto(genesis(), source.read(1)), snapshot: null, rejected };
}

/** The earliest state that the rest of the journal can be folded onto. Throws `corrupt`. */
export async function oldestBase(
  fileSystem: FileSystem,
  directory: string,
  source: Source,
): Promise<State> {
  if (source.begins === 1) return genesis();
  const rejected: { path: string; why: string }[] = [];
  for (const file of (await listSnapshots(fileSystem, directory)).reverse()) {
    const loaded = await load(fileSystem, file, source);
    if (loaded.ok) return loaded.state;
    rejected.push({ path: file.path, why: loaded.why });
  }
  throw withoutBase(directory, source.begins, rejected);
}

function withoutBase(
  directory: string,
  begins: number,
  rejected: Restored["rejected"],
): JournalError {
  return corrupt({
    file: rejected[0]?.path ?? directory,
    offset: 0,
    expected: `a snapshot of the ${begins - 1} records that were trimmed`,
    actual: rejected[0]?.why ?? "none",
  });
}

type Loaded =
  | { readonly ok: true; readonly state: State; readonly bytes: number }
  | { readonly ok: false; readonly why: string };

/** Nothing that a snapshot can be is a reason not to start: the journal is the truth. */
async function load(fileSystem: FileSystem, file: SnapshotFile, source: Source): Promise<Loaded> {
  try {
    const { link, textsVersion, texts, bytes } = await readSnapshot(fileSystem, file);
    if (textsVersion !== stateCodecVersion) {
      return { ok: false, why: `it holds a state of version ${textsVersion}` };
    }
    const expected = await source.linkBefore(file.sequence + 1);
    if (expected === null) return { ok: false, why: "no segment of the journal begins behind it" };
    if (!expected.equals(link)) return { ok: false, why: "it belongs to another journal" };
    const state = decodeState(texts);
    if (state.seq !== file.sequence) return { ok: false, why: `its state is of ${state.seq}` };
    return { ok: true, state, bytes };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function foldInto(state: State, records: AsyncIterable<JournalRecord>): Promise<State> {
  for await (const record of records) {
    evolve(state, lift(JSON.parse(record.payload) as Recorded));
  }
  return state;
}
