/** All commands, in the order in which help lists them. */
import { join } from "node:path";
import { addCancel } from "./commands/cancel.js";
import { addCompletion } from "./commands/completion.js";
import { addConfig } from "./commands/config.js";
import { addDemo } from "./commands/demo.js";
import { addDev } from "./commands/dev.js";
import { addDoctor } from "./commands/doctor.js";
import { addGantt } from "./commands/gantt.js";
import { addGet } from "./commands/get.js";
import { addHealth } from "./commands/health.js";
import { addInit } from "./commands/init.js";
import { addJoin } from "./commands/join.js";
import { addJournal } from "./commands/journal.js";
import { addList } from "./commands/list.js";
import { addLogin } from "./commands/login.js";
import { addLogs } from "./commands/logs.js";
import { addMaster } from "./commands/master.js";
import { addPause } from "./commands/pause.js";
import { addPlan } from "./commands/plan.js";
import { addPlanner } from "./commands/planner.js";
import { addRetry } from "./commands/retry.js";
import { addRun } from "./commands/run.js";
import { addStatus } from "./commands/status.js";
import { addSubmit } from "./commands/submit.js";
import { addTask } from "./commands/task.js";
import { addToken } from "./commands/token.js";
import { addUsage } from "./commands/usage.js";
import { addWait } from "./commands/wait.js";
import { addWatch } from "./commands/watch.js";
import { addWorker } from "./commands/worker.js";
import { addWorkers } from "./commands/workers.js";
import { createRoot, type Installation, type Program, type WorkerInstallation } from "./root.js";

export function createProgram(installation: Installation, json = false): Program {
  const program = createRoot({ json });
  const worker = workerOf(installation);
  program.commandsGroup("Cluster:");
  addDev(program, installation);
  addMaster(program, installation);
  addPlanner(program, installation);
  addWorker(program, worker);
  addDemo(program, installation);
  program.commandsGroup("Work:");
  addInit(program);
  addSubmit(program);
  addRun(program);
  addCancel(program);
  addPause(program);
  addRetry(program);
  addTask(program);
  program.commandsGroup("Views:");
  addList(program);
  addStatus(program);
  addWait(program);
  addWatch(program);
  addLogs(program);
  addGet(program);
  addGantt(program);
  addPlan(program);
  addUsage(program);
  addWorkers(program);
  addHealth(program);
  program.commandsGroup("Set-up:");
  addToken(program);
  addJoin(program);
  addLogin(program);
  addJournal(program);
  addDoctor(program, worker);
  addConfig(program);
  addCompletion(program);
  return program;
}

function workerOf({ distribution }: Installation): WorkerInstallation {
  const supervisor = join(distribution, "worker/supervisor/main.js");
  const needed = [join(distribution, "planner/solver-thread.js"), supervisor];
  return { supervisorEntry: [supervisor], needed };
}
