/**
 * Folds the sealed segments and writes down what comes out. Runs in a thread of its own: the live
 * state is never serialised, and the one folded here goes with the thread.
 */
import type { FileSystem } from "../journal/file-system.js";
import { linkBefore, readRecords } from "../journal/reader.js";
import { listSegments } from "../journal/recover.js";
import { listSnapshots, readSnapshot, writeSnapshot } from "../journal/snapshot-file.js";
import { encodeState, stateCodecVersion } from "../pure/state-codec.js";
import { restore, type Source } from "./recovery.js";

export interface Taken {
  readonly sequence: number;
  readonly bytes: number;
}

/** null: no segment is sealed yet, or the newest snapshot holds them all. Throws `corrupt`. */
export async function takeSnapshot(
  fileSystem: FileSystem,
  directory: string,
): Promise<Taken | null> {
  const segments = await listSegments(fileSystem, directory);
  const sealed = segments.slice(0, -1);
  const sequence = (segments.at(-1)?.firstSequence ?? 1) - 1;
  const link = await linkBefore(fileSystem, segments, sequence + 1);
  if (sealed.length === 0 || link === null) return null;
  const source: Source = {
    begins: segments[0]?.firstSequence ?? 1,
    read: (fromSequence) =>
      readRecords(
        fileSystem,
        sealed.filter((_, index) => (segments[index + 1]?.firstSequence ?? 0) > fromSequence),
        { fromSequence, lastBytes: null, tail: sequence },
      ),
    linkBefore: (from) => linkBefore(fileSystem, segments, from),
  };
  const { state, snapshot } = await restore(fileSystem, directory, source);
  if (snapshot?.sequence === sequence) return null;
  const texts = encodeState(state);
  const meaning = { sequence, link, textsVersion: stateCodecVersion };
  return { sequence, bytes: await writeSnapshot(fileSystem, directory, meaning, texts) };
}

/**
 * Sequences of the snapshots that a master could start from now, newest first, each read whole: the
 * journal may only be trimmed below what stands in two of them.
 */
export async function usableSnapshots(
  fileSystem: FileSystem,
  directory: string,
): Promise<readonly number[]> {
  const segments = await listSegments(fileSystem, directory);
  const usable: number[] = [];
  for (const file of await listSnapshots(fileSystem, directory)) {
    const snapshot = await readSnapshot(fileSystem, file).catch(() => null);
    const expected = await linkBefore(fileSystem, segments, file.sequence + 1);
    if (snapshot === null || snapshot.textsVersion !== stateCodecVersion) continue;
    if (expected?.equals(snapshot.link) === true) usable.push(file.sequence);
  }
  return usable;
}
