/** Whether help leaves a command out; commander says so only to its own help. */
import type { Command } from "@commander-js/extra-typings";

type Any = Command["commands"][number];

export function isHidden(command: Any): boolean {
  const { parent } = command;
  return parent === null || !parent.createHelp().visibleCommands(parent).includes(command);
}
