/**
 * The worker alone, as one file for nodes without a Node: `npm run build:worker` makes it. There is
 * nothing beside it, so what runs as a process of its own is this file again, told its role by the
 * first word.
 */
import { isSea } from "node:sea";
import { addDoctor } from "./commands/doctor.js";
import { addJoin } from "./commands/join.js";
import { addWorker } from "./commands/worker.js";
import { createRoot, type Program } from "./root.js";
import { runProgram } from "./run-program.js";

const supervisorRole = "supervisor";

async function main(): Promise<void> {
  const [, script = "", role] = process.argv;
  if (role === supervisorRole) {
    // The supervisor finds its arguments where it always does.
    process.argv.splice(2, 1);
    await import("../worker/supervisor/main.js");
    return;
  }
  await runProgram((json) => createProgram(script, json));
}

function createProgram(script: string, json: boolean): Program {
  const supervisorEntry = isSea() ? [supervisorRole] : [script, supervisorRole];
  const installation = { supervisorEntry, needed: [] };
  const program = createRoot({ json });
  addWorker(program, installation);
  addJoin(program);
  addDoctor(program, installation);
  return program;
}

void main();
