/** `almanac list`: the jobs, newest first. */
import { Option } from "@commander-js/extra-typings";
import type { JobFilter } from "../../core/history.js";
import { type JobSummary, jobStates } from "../../core/views.js";
import type { Client } from "../client.js";
import { unwrap } from "../failure.js";
import { collect, pastMs, variables, wholeNumber } from "../option-values.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import { jobsJson } from "../render/json.js";
import { renderJobs } from "../render/list.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

const limitDefault = 30;
const limitMax = 100_000;

export function addList(program: Program): void {
  program
    .command("list")
    .description("list jobs, newest first, those long finished included")
    .addOption(new Option("--state <state...>", "only jobs in these states").choices(jobStates))
    .option("--namespace <name>", "only jobs of this namespace", "")
    .option("--name <name>", "only jobs of this name", "")
    .option("--user <name>", "only jobs that this user submitted", "")
    .option("--metadata <key=value>", "only jobs with this metadata; several: all of it", collect)
    .option("--since <time>", "only jobs submitted then or later: 2d, 2026-03-01, …", pastMs)
    .option("--until <time>", "only jobs submitted before then", pastMs)
    .option("--limit <count>", "at most so many", wholeNumber(1, limitMax), limitDefault)
    .action(async ({ state = [], limit, since, until, user, ...given }, command) => {
      const filter: JobFilter = {
        states: state,
        namespace: given.namespace,
        name: given.name,
        principal: user,
        metadata: variables(given.metadata, "--metadata"),
        submittedFromMs: since ?? null,
        submittedBeforeMs: until ?? null,
      };
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const { jobs, more } = await pages(client, filter, limit);
        if (json) return printJson(jobsJson(jobs));
        if (quiet) return printLines(jobs.map(({ id }) => id));
        printLines(renderJobs(jobs, screenOf()));
        if (more) note(`there are more: almanac list --limit ${limit * 10}`);
      });
    });
}

const pageSize = 500;

async function pages(
  client: Client,
  filter: JobFilter,
  most: number,
): Promise<{ readonly jobs: readonly JobSummary[]; readonly more: boolean }> {
  const jobs: JobSummary[] = [];
  let after = "";
  do {
    const limit = Math.min(pageSize, most - jobs.length);
    const page = unwrap(await client.list({ ...filter, limit, after }));
    jobs.push(...page.jobs);
    after = page.next;
  } while (after !== "" && jobs.length < most);
  return { jobs, more: after !== "" };
}
