/** `almanac doctor`: looks at this machine and at the master, and says what to do about it. */
import { examine } from "../doctor.js";
import { exitCodes } from "../exit-codes.js";
import { printJson, printLines, screenOf } from "../output.js";
import { renderFindings } from "../render/status.js";
import type { Program, WorkerInstallation } from "../root.js";

export function addDoctor(program: Program, installation: WorkerInstallation): void {
  program
    .command("doctor")
    .description("check this machine and the cluster; exit code 1 if something is wrong")
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const findings = await examine(options, installation);
      const level =
        options.quiet === true ? findings.filter(({ level }) => level !== "good") : findings;
      if (options.json === true) printJson(findings.map((finding) => ({ ...finding })));
      else printLines(renderFindings(level, screenOf()));
      const bad = findings.some((finding) => finding.level === "bad");
      process.exitCode = bad ? exitCodes.error : exitCodes.done;
    });
}
