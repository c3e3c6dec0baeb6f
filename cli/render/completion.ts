/**
 * Completion scripts for bash, zsh and fish, made from the program itself, so that they cannot say
 * anything else than it does. Names of jobs and the like are asked of the program at completion
 * time, by the commands in `sources`.
 */
import { bashScript, zshScript } from "./completion-bash-zsh.js";
import {
  type CompletableCommand,
  type CompletionSources,
  describeCommand,
} from "./completion-description.js";
import { fishScript } from "./completion-fish.js";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(
  shell: Shell,
  program: CompletableCommand,
  sources: CompletionSources = {},
): string {
  const root = describeCommand(program, [], sources);
  const name = program.name();
  switch (shell) {
    case "bash":
      return bashScript(name, root);
    case "zsh":
      return zshScript(name, root);
    case "fish":
      return fishScript(name, root);
  }
}
