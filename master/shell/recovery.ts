/** State from the journal: the fold of every record, in order. Never decides, never calls a solver. */
import type { Journal } from "../journal/journal.js";
import type { Recorded } from "../pure/events.js";
import { evolve } from "../pure/evolve.js";
import { genesis } from "../pure/genesis.js";
import type { State } from "../pure/state.js";
import { lift } from "../pure/upcast.js";

export async function replay(journal: Journal): Promise<State> {
  const state = genesis();
  for await (const record of journal.read(1)) {
    evolve(state, lift(JSON.parse(record.payload) as Recorded));
  }
  return state;
}
