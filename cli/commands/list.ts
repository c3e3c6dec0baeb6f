/** `almanac list`: the jobs, newest first. */
import { Option } from "@commander-js/extra-typings";
import { type JobSummary, jobStates } from "../../core/views.js";
import type { Client } from "../client.js";
import { unwrap } from "../failure.js";
import { wholeNumber } from "../option-values.js";
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
    .description("list jobs, newest first")
    .addOption(new Option("--state <state...>", "only jobs in these states").choices(jobStates))
    .option("--namespace <name>", "only jobs of this namespace", "")
    .option("--limit <count>", "at most so many", wholeNumber(1, limitMax), limitDefault)
    .action(async ({ state = [], namespace, limit }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const { jobs, more } = await pages(client, { states: state, namespace, limit });
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
  query: { states: Parameters<Client["list"]>[0]["states"]; namespace: string; limit: number },
): Promise<{ readonly jobs: readonly JobSummary[]; readonly more: boolean }> {
  const jobs: JobSummary[] = [];
  let after = "";
  do {
    const limit = Math.min(pageSize, query.limit - jobs.length);
    const page = unwrap(await client.list({ ...query, limit, after }));
    jobs.push(...page.jobs);
    after = page.next;
  } while (after !== "" && jobs.length < query.limit);
  return { jobs, more: after !== "" };
}
