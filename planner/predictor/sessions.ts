/**
 * The models that are asked now, one of each line. One that throws, is slow or says NaN is named, for
 * its service to take it out.
 */
import type { ModelWords } from "../../models/pure/experts.js";
import type { ModelSession } from "../../models/session.js";
import { messageOf } from "./say.js";

/** Cannot be asked, and why. */
export interface Failed {
  readonly version: string;
  readonly why: string;
}

interface Served {
  readonly version: string;
  readonly session: ModelSession;
}

export class OpenSessions {
  readonly #open: (version: string) => Promise<ModelSession>;
  readonly #byLine = new Map<string, Served>();

  constructor(open: (version: string) => Promise<ModelSession>) {
    this.#open = open;
  }

  /** Opens and closes until these are open, versions by their lines; what cannot be opened is returned. */
  async settle(wanted: ReadonlyMap<string, string>): Promise<readonly Failed[]> {
    for (const [line, { version, session }] of [...this.#byLine]) {
      if (wanted.get(line) === version) continue;
      this.#byLine.delete(line);
      await session.release();
    }
    const failed: Failed[] = [];
    for (const [line, version] of wanted) {
      if (this.#byLine.has(line)) continue;
      try {
        this.#byLine.set(line, { version, session: await this.#open(version) });
      } catch (error) {
        failed.push({ version, why: messageOf(error) });
      }
    }
    return failed;
  }

  /** Of each row of `matrix` (rows × features) what those say that are asked, by version. */
  async words(
    matrix: Float32Array,
    rows: number,
    isAsked: (version: string) => boolean,
  ): Promise<{
    readonly words: ReadonlyMap<string, ModelWords>[];
    readonly failed: readonly Failed[];
  }> {
    const words = Array.from({ length: rows }, () => new Map<string, ModelWords>());
    const failed: Failed[] = [];
    for (const [line, { version, session }] of [...this.#byLine]) {
      if (!isAsked(version)) continue;
      try {
        const said = await session.words(matrix, rows);
        said.forEach((one, row) => {
          words[row]?.set(version, one);
        });
      } catch (error) {
        // Another may have been chosen meanwhile, and this one let go.
        if (this.#byLine.get(line)?.session !== session) continue;
        failed.push({ version, why: messageOf(error) });
      }
    }
    return { words, failed };
  }
}
