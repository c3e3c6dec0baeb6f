/** Launches and commands as tests need them, with everything they do not care about filled in. */
import { type AttemptId, parseAttemptId } from "../../core/ids.js";
import type { Command, Program } from "../../core/job.js";
import { noResources } from "../../core/resources.js";
import type { Launch } from "../../core/session.js";

let attempts = 0;

export function newAttempt(name = "task"): AttemptId {
  attempts += 1;
  return parseAttemptId(`job-${process.pid}-${attempts}/${name}#1`);
}

export const shell = (script: string): Program => ({
  kind: "script",
  shell: ["/bin/sh"],
  script,
});

export const argv = (...argumentsOfProgram: string[]): Program => ({
  kind: "argv",
  argv: argumentsOfProgram,
});

export const command = (program: Program, more: Partial<Command> = {}): Command => ({
  program,
  env: {},
  workingDirectory: null,
  stdin: null,
  options: null,
  ...more,
});

export const launch = (
  attempt: AttemptId,
  program: Program,
  more: Partial<Omit<Launch, "command">> & { readonly command?: Partial<Command> } = {},
): Launch => ({
  attempt,
  epoch: 1,
  driver: "process",
  resources: noResources,
  devices: [],
  timeoutMs: null,
  killGraceMs: 200,
  stopWhenLostAfterMs: null,
  logBytesMax: 1 << 20,
  ...more,
  command: command(program, more.command),
});
