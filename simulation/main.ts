/** `npm run simulate`: whole clusters on a virtual clock, with work and faults from seeds. */
import { Command } from "@commander-js/extra-typings";
import { faultsCommand } from "./faults-command.js";
import { finishesCommand } from "./finishes-command.js";

const program = new Command("simulate")
  .description("lives of whole clusters on a virtual clock")
  .addCommand(faultsCommand())
  .addCommand(finishesCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
