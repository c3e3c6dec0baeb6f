/** `almanac completion SHELL`: a script that completes commands, options and jobs. */
import { Argument } from "@commander-js/extra-typings";
import { completionScript, shells } from "../render/completion.js";
import type { Program } from "../root.js";

/** Where candidates come from, by the name of a command's argument. */
const sources = {
  job: "list --quiet",
  target: "list --quiet",
  task: "list --quiet",
  worker: "workers --quiet",
  model: "model list --quiet",
};

export function addCompletion(program: Program): void {
  program
    .command("completion")
    .description("print a completion script: source <(almanac completion bash)")
    .addArgument(new Argument("<shell>", "whose").choices(shells))
    .action((shell) => {
      process.stdout.write(completionScript(shell, program, sources));
    });
}
