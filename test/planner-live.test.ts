/**
 * Every solver of the planner in a running cluster: restricted to it, a plan of it is adopted where
 * greedy placement is not the best, and the job is run by it. The planner may die in the middle.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { solverNames } from "../planner/solvers/registry.js";
import { parseJob } from "../spec/job.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob } from "./support/jobs.js";

let directory = "";
let cluster: Cluster;
let client: Client;
/** Read again at every start of the master. */
const masterArgs: string[] = [];

/** Some solvers know the makespan alone. */
const makespanOnly = ["--objective-flow", "0", "--objective-moves", "0"];
/** Some look for long before they say anything. */
const patient = ["--planner-wall-budget-ms", "5000"];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-solvers-"));
  masterArgs.push(...makespanOnly);
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: directory,
    workers: [
      { name: "a", cpu: "1", speed: 1 },
      { name: "b", cpu: "1", speed: 1 },
    ],
    masterArgs,
    // It would see that these tasks take none of the time that they are said to take.
    planner: { args: ["--predictor", "off"] },
  });
  client = createClient(cluster.address);
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function untilServing(): Promise<void> {
  const health = async () => {
    const status = await client.status();
    return status.ok ? `${status.value.health} ${status.value.planner.state}` : "";
  };
  await expect.poll(health, { timeout: 30_000, interval: 100 }).toBe("serving connected");
  const connected = async () => {
    const workers = await client.workers();
    return workers.ok ? workers.value.filter(({ state }) => state === "connected").length : 0;
  };
  await expect.poll(connected, { timeout: 30_000, interval: 100 }).toBe(2);
}

const on = (worker: string): string => `constraints: ["almanac.worker = ${worker}"]`;

/** Both workers are held until there is a plan of the solver. */
const busy = `name: busy
tasks:
  a: { command: [sleep, "6"], estimate: 6s, ${on("a")} }
  b: { command: [sleep, "6"], estimate: 6s, ${on("b")} }
`;

const task = (name: string, ms: number, rest = ""): string =>
  `  ${name}: { command: [sleep, "0.02"], estimate: ${ms}ms${rest} }\n`;

/** The longest first gives 10 units, the best is 9: half of all, with as many tasks on each side. */
const independent = `name: independent\ntasks:\n${[5, 3, 3, 3, 2, 2]
  .map((units, i) => task(`t${i}`, units * 500))
  .join("")}`;

/** The longest path first gives 12 units, the order of Johnson's rule 9. */
const shop = `name: shop\ntasks:\n${[
  [4, 1],
  [1, 4],
  [3, 3],
]
  .map(([first = 0, second = 0], i) => {
    const begins = task(`a${i}`, first * 500, `, ${on("a")}`);
    return begins + task(`b${i}`, second * 500, `, after: [a${i}], ${on("b")}`);
  })
  .join("")}`;

/** Units of six tasks that are all to be done by the same time. */
const units = [5, 3, 3, 3, 2, 2];
const six = (rest: (ms: number) => string): string =>
  units.map((count, i) => task(`t${i}`, count * 500, rest(count * 500))).join("");

/** For engines that are made for a shape which the jobs above have not. */
const jobOfShape: Readonly<Record<string, string>> = {
  // Each may run on either worker, and waits for another one.
  "flexible-shop": `name: flexible\ntasks:\n${task("go", 500)}${six(() => ", after: [go]")}`,
  // The same, and what they wait for has something for them that takes a while to travel.
  "dag-search": `name: graph
tasks:
  go: { script: echo > out, outputs: [{ path: out, size: 8Mi }], estimate: 500ms }
${six(() => ", inputs: [{ task: go, output: out }]")}`,
  // On one worker, which has room for two at a time.
  rcpsp: `name: project\ntasks:\n${six(() => `, resources: { cpu: 500m }, ${on("a")}`)}`,
  // Alone and a little faster, as greedy placement has it, or two at a time.
  "multi-mode": `name: modes\ntasks:\n${six(
    (ms) =>
      `, ${on("a")}, modes: { alone: { estimate: ${ms * 0.8}ms }, beside: { resources: { cpu: 500m } } }`,
  )}`,
};

/** Whether a plan by this solver was adopted for the job before all of it had been started. */
async function plannedBy(solver: string, text: string): Promise<boolean> {
  const first = await submitText(client, busy);
  await untilJob(client, first, ({ tasks }) => tasks.every(({ attempts }) => attempts.length > 0));
  // A namespace of its own: what runs have taught of like tasks would change their estimates.
  const id = await submitText(client, `namespace: ${solver}\n${text}`);
  let found = false;
  for (let over = false; !over && !found; await sleep(20)) {
    const plan = await client.plan("");
    found = plan.ok && plan.value.solver === solver;
    if (!plan.ok) throw new Error(plan.error.message);
    if (found) await client.cancel(first, "", "there is a plan");
    const summary = await client.getSummary(id);
    over = !summary.ok || summary.value.state !== "running";
  }
  const view = await untilJob(client, id, jobHasEnded);
  expect(view.summary.state).toBe("succeeded");
  return found;
}

describe("a plan of the solver", () => {
  it.each(solverNames)("%s is adopted in a running cluster", async (solver) => {
    masterArgs.splice(0, masterArgs.length, ...makespanOnly, ...patient);
    masterArgs.push("--planner-solvers", `[${solver}]`);
    await cluster.master.restart();
    await untilServing();
    const own = jobOfShape[solver];
    const found: string[] = [];
    for (const text of own === undefined ? [independent, shop] : [own]) {
      if (found.length === 0 && (await plannedBy(solver, text))) found.push(solver);
    }
    expect(found).toEqual([solver]);
  });
});

describe("a price that greedy placement would not pay", () => {
  /** To leave out one of the two wins nothing: the other takes as long. */
  const pair = `name: pair
tasks:
  x: { command: [sleep, "0.02"], estimate: 5s, optional: { price: 2 }, ${on("a")} }
  y: { command: [sleep, "0.02"], estimate: 5s, optional: { price: 2 }, ${on("b")} }
`;

  it("is paid by a better plan, which says so", async () => {
    masterArgs.splice(0, masterArgs.length, ...makespanOnly, ...patient);
    await cluster.master.restart();
    await untilServing();
    const first = await submitText(client, busy);
    await untilJob(client, first, ({ tasks }) => tasks.every((one) => one.attempts.length > 0));
    const { spec } = unwrap(parseJob(pair, { source: "pair.yaml", now: Date.now() }));
    const dry = unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: true }));
    const greedily = dry.forecast?.tasks.map(({ reservation }) => reservation?.worker);
    expect(greedily).toEqual(["a", "b"]);

    const id = await submitText(client, pair);
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.tasks.map(({ state, reason }) => [state, reason])).toEqual([
      ["skipped", "left_out"],
      ["skipped", "left_out"],
    ]);
    const plan = unwrap(await client.plan(""));
    expect(plan.solver).not.toBe("greedy");
    expect(plan.parts.skipped).toBe(4);
    expect(plan.value).toBeCloseTo(plan.parts.makespanS + 4, 6);
    await client.cancel(first, "", "seen");
    await untilJob(client, first, jobHasEnded);
  });
});

describe("the planner", () => {
  it("killed and started again under load is used again, and the load is done", async () => {
    masterArgs.splice(0, masterArgs.length);
    await cluster.master.restart();
    await untilServing();
    const load = `name: load\ntasks:\n  t: { array: 1-90, command: [sleep, "0.2"], estimate: 300ms }\n`;
    const id = await submitText(client, load);
    await untilJob(client, id, ({ summary }) => (summary.taskCounts.succeeded ?? 0) >= 4);
    await cluster.planner?.kill("SIGKILL");
    await untilJob(client, id, ({ summary }) => (summary.taskCounts.succeeded ?? 0) >= 10);
    await cluster.planner?.restart();
    await untilServing();
    const received = async () => {
      const status = await client.status();
      return status.ok ? status.value.planner.plansReceived : 0;
    };
    const before = await received();
    await expect.poll(received, { timeout: 15_000, interval: 100 }).toBeGreaterThan(before);
    const view = await untilJob(client, id, jobHasEnded);
    expect(view.summary.state).toBe("succeeded");
    expect(view.tasks.every(({ attempts }) => attempts.length === 1)).toBe(true);
  });
});
