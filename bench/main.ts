/** `npm run bench -- <bench>`: measurements of the real thing, as tables and as JSON. */
import { Command } from "@commander-js/extra-typings";
import { awayBench } from "./away.js";
import { closedLoopBench } from "./closed-loop/command.js";
import { compareBench } from "./compare/command.js";
import { differentialBench } from "./differential/command.js";
import { fuzzBench } from "./fuzz/command.js";
import { gateBench } from "./gate/command.js";
import { historyBench } from "./history/command.js";
import { journalBench } from "./journal/command.js";
import { latencyBench } from "./latency.js";
import { liveBench } from "./live/command.js";
import { overheadBench } from "./overhead.js";
import { predictBench } from "./predict/command.js";
import { repeatsBench } from "./repeats/command.js";
import { scaleBench } from "./scale/command.js";
import { servingBench } from "./serving/command.js";
import { solveBench } from "./solve/command.js";
import { starterBench } from "./starter/command.js";
import { verifyBench } from "./verify/command.js";

const program = new Command("bench")
  .description("measures Almanac on this machine")
  .addCommand(solveBench())
  .addCommand(compareBench())
  .addCommand(verifyBench())
  .addCommand(gateBench())
  .addCommand(differentialBench())
  .addCommand(repeatsBench())
  .addCommand(scaleBench())
  .addCommand(predictBench())
  .addCommand(servingBench())
  .addCommand(starterBench())
  .addCommand(awayBench())
  .addCommand(journalBench())
  .addCommand(historyBench())
  .addCommand(latencyBench())
  .addCommand(liveBench())
  .addCommand(closedLoopBench())
  .addCommand(fuzzBench())
  .addCommand(overheadBench());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  // What was started besides, a peer's process for one, must not keep this one alive.
  process.exit(1);
}
