/** `almanac init KIND [FILE]`: a commented job file to start from. */
import { writeFileSync } from "node:fs";
import { Argument } from "@commander-js/extra-typings";
import { starterJob, starterNames } from "../../spec/init.js";
import { failure, messageOf } from "../failure.js";
import { note, printJson, printLines } from "../output.js";
import type { Program } from "../root.js";

export function addInit(program: Program): void {
  program
    .command("init")
    .description("write a commented job file to start from")
    .addArgument(new Argument("<kind>", "what kind of job").choices(starterNames))
    .argument("[file]", "where to; `-` prints it (default: KIND.yaml)")
    .option("--name <name>", "name of the job")
    .option("--force", "write over an existing file")
    .action((kind, given, { name, force }, command) => {
      const { json, quiet } = command.optsWithGlobals();
      const file = given ?? `${kind}.yaml`;
      const text = starterJob(kind, name);
      if (file === "-") return void process.stdout.write(text);
      write(file, text, force === true);
      if (json === true) return printJson({ file, kind });
      printLines([file]);
      if (quiet !== true) note(`  try it: almanac submit ${file} --wait`);
    });
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      throw failure("already_exists", `${file} exists; --force writes over it`);
    }
    throw failure("invalid_argument", messageOf(error));
  }
}
