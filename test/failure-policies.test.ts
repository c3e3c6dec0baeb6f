/**
 * Each failure policy once on real workers, told as it happened: `npx vitest run test/failure-policies
 * -u` writes the transcripts in test/transcripts anew, to be read as a diff.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unwrap } from "../cli/failure.js";
import type { JobView, TaskView } from "../core/views.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, outcomesOf, submitText, untilJob } from "./support/jobs.js";
import { startTwoWorkers, type TwoWorkers } from "./support/two-workers.js";

let two: TwoWorkers;

beforeAll(async () => {
  two = await startTwoWorkers("failures");
});
afterAll(async () => {
  await two?.close();
});

const transcript = (name: string): string =>
  fileURLToPath(new URL(`./transcripts/${name}.txt`, import.meta.url));

/** Without times, workers and ids, which differ from one run to the next. */
function told({ summary, tasks }: JobView): string {
  const { state, retries } = summary;
  const spent = retries === undefined ? "" : `, ${retries.spent} of ${retries.budget} retries`;
  const lines = [`job ${summary.name}: ${state}${spent}`];
  for (const task of tasks) {
    lines.push(
      `  ${task.name}: ${[task.state, task.reason, task.message].filter(Boolean).join("; ")}`,
    );
    lines.push(...attemptsOf(task));
  }
  return `${lines.join("\n")}\n`;
}

const attemptsOf = (task: TaskView): string[] =>
  outcomesOf(task).map((outcome, index) => {
    const mode = task.attempts[index]?.mode;
    return `    attempt ${index + 1}${mode === undefined ? "" : ` (${mode})`}: ${outcome}`;
  });

async function almanac(...args: readonly string[]) {
  const env = {
    ...process.env,
    ALMANAC_CLI_MASTER: two.cluster.address,
    NO_COLOR: "1",
    COLUMNS: "200",
  };
  const child = spawn(process.execPath, [distEntry(), ...args], { env, cwd: two.directory });
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.resume();
  const code = await new Promise((done) => child.once("close", done));
  return { code, stdout };
}

async function ended(text: string): Promise<JobView> {
  const id = await submitText(two.client, text);
  return untilJob(two.client, id, jobHasEnded, 120_000);
}

describe("on real workers", () => {
  it("an exit code that is never retried ends its task at once", async () => {
    const view = await ended(`
name: never
tasks:
  usage: {script: exit 64, retry: {attempts: 5, backoff: 50ms, never: [2, 64-78]}}
  other: {script: exit 1, retry: {attempts: 3, backoff: 50ms, never: [2, 64-78]}}
`);
    await expect(told(view)).toMatchFileSnapshot(transcript("never"));
  });

  it("a job's budget of retries is spent once for all of its tasks", async () => {
    const view = await ended(`
name: budget
retryBudget: 3
tasks:
  first: {script: exit 1, retry: {attempts: 3, backoff: 20ms}}
  second: {after: [{task: first, on: done}], script: exit 1, retry: {attempts: 9, backoff: 20ms}}
`);
    await expect(told(view)).toMatchFileSnapshot(transcript("budget"));
  });

  it("a fallback takes over from what does not work here", async () => {
    const view = await ended(`
name: fallback
tasks:
  convert:
    command: [fast-but-not-installed]
    retry: {attempts: 2, backoff: 20ms}
    fallback: {command: [sh, -c, "test $ALMANAC_ATTEMPT -ge 4"], attempts: 3}
`);
    await expect(told(view)).toMatchFileSnapshot(transcript("fallback"));
  });

  it("a task that ran out of memory gets more", async ({ skip }) => {
    const [worker] = unwrap(await two.client.workers());
    const driver = worker?.facts.drivers.find(({ name }) => name === "process");
    if (driver?.memoryLimit === "not_enforced") skip("memory limits are not enforced here");
    const view = await ended(`
name: memory
tasks:
  hungry:
    # A line of 120 megabytes, which tail has to keep.
    script: head -c 120000000 /dev/zero | tail > /dev/null
    resources: {memory: 32Mi}
    retry: {attempts: 4, backoff: 20ms, moreMemory: {factor: 3, max: 512Mi}}
`);
    await expect(told(view)).toMatchFileSnapshot(transcript("memory"));
  });

  it("enough is enough, what may fail may, and edges say who goes on", async () => {
    const most = await ended(`
name: most
success: {atLeast: 0.75}
tasks:
  part: {array: 1-4, script: test $ALMANAC_ARRAY_INDEX -ne 3}
`);
    const half = await ended(`
name: too-few
success: {atLeast: 0.75}
tasks:
  part: {array: 1-4, script: test $ALMANAC_ARRAY_INDEX -gt 2}
`);
    const edges = await ended(`
name: edges
tasks:
  build: {script: exit 1, mayFail: true}
  test: {after: [build], command: ["true"]}
  tell: {after: [{task: build, on: failure}], command: ["true"]}
  tidy: {after: [{task: build, on: done}], command: ["true"]}
`);
    const all = [most, half, edges].map(told).join("");
    await expect(all).toMatchFileSnapshot(transcript("success"));
  });

  it("a retry by hand begins with the task itself again, with its budget", async () => {
    const first = await ended(`
name: by-hand
retryBudget: 1
tasks:
  late: {script: test $ALMANAC_ATTEMPT -ge 4, retry: {attempts: 2, backoff: 20ms}}
`);
    unwrap(await two.client.retry(first.summary.id, ""));
    const second = await untilJob(two.client, first.summary.id, jobHasEnded);
    await expect(`${told(first)}${told(second)}`).toMatchFileSnapshot(transcript("by-hand"));
  });

  it("what is paused stands still, and its timeout with it", async () => {
    const id = await submitText(
      two.client,
      `
name: paused
tasks:
  count: {script: 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; sleep 0.1; done', timeout: 8s}
  next: {after: [count], command: ["true"]}
`,
    );
    const task = (view: JobView): TaskView | undefined => view.tasks[0];
    await untilJob(two.client, id, (view) => task(view)?.state === "running");
    const lines: string[] = [];
    lines.push(`almanac pause: ${(await almanac("pause", id)).code}`);
    const held = await untilJob(two.client, id, (view) => task(view)?.state === "paused");
    lines.push(told(held));
    // Longer than its timeout.
    await sleep(9_000);
    const still = unwrap(await two.client.get(id));
    lines.push(`nine seconds later: ${task(still)?.state}`);
    lines.push(`almanac resume: ${(await almanac("resume", id)).code}`);
    lines.push(told(await untilJob(two.client, id, jobHasEnded)));
    await expect(lines.join("\n")).toMatchFileSnapshot(transcript("paused"));
  });

  it("a task that kills its supervisor again and again is stopped", async () => {
    const view = await ended(`
name: poison
tasks:
  bad:
    # The parent of a program of the process driver is its supervisor.
    script: kill -9 $PPID; sleep 30
    idempotent: true
    retry: {attempts: 9, backoff: 20ms, crashes: 2}
    timeout: 20s
`);
    await expect(told(view)).toMatchFileSnapshot(transcript("poison"));
  });
});

describe("on workers against which nothing is held yet", () => {
  beforeAll(async () => {
    await two.close();
    two = await startTwoWorkers("quarantine");
  });

  it("a node that eats an array is put in quarantine, and released by hand", async () => {
    const view = await ended(`
name: eaten
tasks:
  part:
    array: 1-40
    script: test "$ALMANAC_WORKER" = b
    retry: {attempts: 20, backoff: 20ms, backoffMax: 200ms}
`);
    const quarantined = async (): Promise<string[]> =>
      unwrap(await two.client.workers())
        .filter(({ quarantine }) => quarantine !== undefined)
        .map(({ facts, quarantine }) => `${facts.name}, level ${quarantine?.level}`);
    const lines = [`eaten: ${view.summary.state}`, `in quarantine: ${await quarantined()}`];
    const next = await ended("name: next\ntasks: {part: {array: 1-8, command: [sleep, '0.2']}}\n");
    const used = new Set(
      next.tasks.flatMap(({ attempts }) => attempts.map(({ worker }) => worker)),
    );
    lines.push(`what comes next runs on: ${[...used]}`);
    const { stdout } = await almanac("workers");
    lines.push(`almanac workers: ${/quarantined for [45]m/.exec(stdout)?.[0].slice(0, 15)}`);
    lines.push(`almanac worker release: ${(await almanac("worker", "release", "a")).code}`);
    lines.push(`released: ${await quarantined()}`);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(transcript("quarantine"));
  });
});
