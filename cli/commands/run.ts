/** `almanac run -- COMMAND`: one-off work, without a job file. */
import { randomUUID } from "node:crypto";
import { jobLimits } from "../../core/job.js";
import { oneOffJob } from "../../spec/one-off.js";
import { readSource } from "../../spec/read-source.js";
import type { Client } from "../client.js";
import { unwrap } from "../failure.js";
import { localInputs } from "../local-inputs.js";
import { collect } from "../option-values.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { submitJob } from "../submission.js";
import { readEnvFile } from "./submit.js";

const runOptions = (program: Program) =>
  program
    .command("run")
    .description("run a command on the cluster, without a job file")
    .usage("[options] -- <command...>")
    .argument("<command...>", "program and arguments; no shell is involved")
    .option("--name <name>", "name of the job (default: the program's)")
    .option("--cpu <cores>", "cores: 2, 1.5 or 500m (default: 1)")
    .option("--memory <bytes>", "memory: 512Mi, 2Gi (default: 256Mi)")
    .option("--disk <bytes>", "scratch space on the worker's disk")
    .option("--gpu <count>", "whole devices (2), or a share of one (0.5)")
    .option(
      "--array <range>",
      "run it once per index: 1-100, 0-90:10; ALMANAC_ARRAY_INDEX says which",
    )
    .option("--max-concurrent <count>", "at most this many elements of the array at once")
    .option(
      "--after <JOB[:condition]>",
      "wait for a job: success (default), failure or done",
      collect,
    )
    .option("-e, --env <NAME=value>", "an environment variable; NAME alone takes yours", collect)
    .option("--env-file <file>", "a file of NAME=value lines", collect)
    .option("--workdir <path>", "working directory (default: one of its own per attempt)")
    .option("--stdin <file>", "a file given on standard input; `-` is this command's own")
    .option("--input <PATH[:WHERE]>", "a file or directory for its working directory", collect)
    .option("--output <pattern>", "files to keep: out.csv, 'out/*.csv', out/", collect)
    .option("--secret <VARIABLE=SECRET>", "a variable whose value is a secret", collect)
    .option("--secret-file <PATH=SECRET>", "a file whose content is a secret", collect)
    .option("--constraint <condition>", "a condition on labels, like `zone = eu`", collect)
    .option("--priority <number>", "higher is more urgent, -1000 to 1000")
    .option("--deadline <when>", "when it should be done: a time, or 2h from now")
    .option("--estimate <duration>", "how long it takes on a worker of speed 1, like 90s")
    .option("--timeout <duration>", "limit of one attempt's run")
    .option("--attempts <count>", "attempts in all, the first included (default: 1)")
    .option(
      "--on-lost <what>",
      "keep (default), or a duration: stop when its worker is lost so long",
    )
    .option("--idempotent", "it may run twice without harm")
    .option("--key <key>", "idempotency key: a second submission with it returns the same job")
    .option("--dry-run", "record nothing; say what would happen, and when")
    .option("--wait", "wait for its end; exit code 3 if it does not succeed");

export function addRun(program: Program): void {
  runOptions(program).action(async (argv, options, command) => {
    await withSession(command.optsWithGlobals(), async (session) => {
      const {
        env,
        envFile = [],
        constraint,
        after,
        stdin,
        wait,
        dryRun,
        key,
        input,
        output,
        secret,
        secretFile,
        ...texts
      } = options;
      const envFiles = envFile.map((name) => ({ name, text: unwrap(readEnvFile(name)) }));
      const request = {
        ...texts,
        argv,
        envFiles,
        ...(env === undefined ? {} : { env }),
        ...(input === undefined ? {} : { inputs: input }),
        ...(output === undefined ? {} : { outputs: output }),
        ...secretsOf(secret, secretFile),
        ...(constraint === undefined ? {} : { constraints: constraint }),
        ...(after === undefined ? {} : { after: await fullIds(session.client, after) }),
        ...(stdin === undefined ? {} : { stdin: await readText(stdin) }),
      };
      const local = localInputs(process.cwd());
      const around = { now: Date.now(), environment: process.env, readInput: local.read };
      const spec = unwrap(oneOffJob(request, around));
      process.exitCode = await submitJob(session, {
        spec,
        key: key ?? randomUUID(),
        dryRun: dryRun === true,
        wait: wait === true,
        file: null,
        local: local.files,
        relocate: (violations) => violations,
      });
    });
  });
}

const secretsOf = (
  secrets: readonly string[] | undefined,
  secretFiles: readonly string[] | undefined,
) => ({ ...(secrets && { secrets }), ...(secretFiles && { secretFiles }) });

async function readText(file: string): Promise<string> {
  const bytes = unwrap(await readSource(file, process.stdin, jobLimits.stdinBytes));
  return new TextDecoder().decode(bytes);
}

/** `latest:done` → the id of the newest job, with its condition. */
async function fullIds(client: Client, given: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    given.map(async (text) => {
      const [job = "", ...condition] = text.split(":");
      const { id } = unwrap(await client.getSummary(job));
      return [id, ...condition].join(":");
    }),
  );
}
