/**
 * Whether a principal may give a command. Everything is allowed until tenancy comes; the place is
 * here so that no way into the master goes around it.
 */
import type { AlmanacError } from "../../core/result.js";
import type { Command } from "./commands.js";
import type { State } from "./state.js";

export function authorize(
  _principal: string,
  _command: Command,
  _state: State,
): AlmanacError | null {
  return null;
}
