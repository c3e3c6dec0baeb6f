/** `almanac calibration`: how often what was foreseen has come true. */
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { renderCalibration } from "../render/calibration.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

export function addCalibration(program: Program): void {
  program
    .command("calibration")
    .description("how often durations and finish times were as foreseen")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json }) => {
        const calibration = unwrap(await client.calibration());
        if (json) {
          const { tasks, jobs } = calibration;
          return printJson({ tasks: tasks.map((task) => ({ ...task })), jobs: { ...jobs } });
        }
        printLines(renderCalibration(calibration, screenOf()));
      });
    });
}
