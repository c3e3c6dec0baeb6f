/** What a job or the cluster may ask of plans, each through a real cluster with a planner. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, type ClusterOptions, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import type { JobView } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob, writtenBy } from "./support/jobs.js";

let directory = "";
let cluster: Cluster;
let client: Client;

function inCluster(options: Pick<ClusterOptions, "workers" | "masterArgs">): void {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "almanac-planned-"));
    cluster = await startCluster({ entry: distEntry(), dataDirectory: directory, ...options });
    client = createClient(cluster.address);
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });
}

async function run(tasks: string): Promise<JobView> {
  const id = await submitText(client, `name: planned\ntasks:\n${tasks}`);
  return untilJob(client, id, jobHasEnded);
}

/** Worker of the first attempt of each task, by the task's name. */
const placesOf = (view: JobView): Record<string, string | undefined> =>
  Object.fromEntries(view.tasks.map(({ name, attempts }) => [name, attempts[0]?.worker]));

const on = (worker: string): string => `constraints: ["almanac.worker = ${worker}"]`;

describe("data on its way", () => {
  inCluster({
    workers: [
      { name: "slow", cpu: "2", speed: 1, link: "cellar" },
      { name: "fast", cpu: "2", speed: 4, link: "attic" },
    ],
    masterArgs: [
      ...["--links", "[{ between: [cellar, attic], bandwidth: 1M, latency: 20ms }]"],
      // The planner is soon asked again when something has ended.
      ...["--planner-wall-budget-ms", "200"],
    ],
  });

  const pair = (size: string): string => `
  make: { script: "sleep 0.5; echo > out", outputs: [{ path: out, size: ${size} }], estimate: 500ms, ${on("slow")} }
  use: { script: "true", inputs: [{ task: make, output: out }], estimate: 2s }
`;

  it("keeps a task beside what it takes in, on the slower worker, where that is heavy", async () => {
    expect(placesOf(await run(pair("100Mi")))).toEqual({ make: "slow", use: "slow" });
  });

  it("lets it go to the faster worker where that is light", async () => {
    expect(placesOf(await run(pair("1Ki")))).toEqual({ make: "slow", use: "fast" });
  });

  it("keeps it there when that lies there already, and something else is still waited for", async () => {
    // Its transfer would take 17 s; the planner is asked anew when `made` has ended.
    const view = await run(`
  made: { script: "head -c 2097152 /dev/zero > out", outputs: [out], estimate: 300ms, ${on("slow")} }
  other: { command: [sleep, "2.5"], estimate: 2500ms, ${on("slow")} }
  take: { script: "true", inputs: [{ task: made, output: out }], after: [other], estimate: 6s }
`);
    expect(placesOf(view)).toEqual({ made: "slow", other: "slow", take: "slow" });
  });
});

describe("tasks that ask of one another", () => {
  inCluster({
    workers: [
      { name: "a", cpu: "2", speed: 1, labels: { rack: "left" } },
      { name: "b", cpu: "2", speed: 1, labels: { rack: "right" } },
    ],
  });

  /** What the only attempt of a task has written. */
  const said = async (view: JobView, name: string): Promise<string> => {
    const attempt = view.tasks.find((task) => task.name === name)?.attempts[0];
    return writtenBy(join(directory, `worker-${attempt?.worker}`), attempt?.id ?? "");
  };

  it("start within 200 ms of each other on two workers, as a gang", async () => {
    const gang = `  t: { array: 0-2, gang: true, script: "date +%s%N; sleep 0.3", estimate: 300ms }\n`;
    const view = await run(gang);
    expect(new Set(Object.values(placesOf(view)))).toEqual(new Set(["a", "b"]));
    const starts = await Promise.all(view.tasks.map(({ name }) => said(view, name)));
    const at = starts.map((text) => Number(text) / 1e6);
    expect(Math.max(...at) - Math.min(...at)).toBeLessThan(200);
  });

  it("wait whole, as a gang, while there is room for a part of them only", async () => {
    const view = await run(`
  busy: { command: [sleep, "1"], estimate: 1s }
  t: { array: 0-3, gang: both, script: "true", estimate: 100ms }
`);
    const ended = view.tasks[0]?.attempts[0]?.endedAtMs ?? 0;
    const launched = view.tasks.slice(1).map(({ attempts }) => attempts[0]?.launchedAtMs ?? 0);
    expect(new Set(launched).size).toBe(1);
    // As the clocks of one machine go: its end was told before they were launched.
    expect(launched[0]).toBeGreaterThanOrEqual(ended);
    expect(view.summary.state).toBe("succeeded");
  });

  it("never share a worker, or a rack, where they are spread", async () => {
    const view = await run(`
  t: { array: 0-2, spread: true, command: [sleep, "0.4"], estimate: 400ms }
  r: { array: 0-1, spread: { by: rack }, command: [sleep, "0.4"], estimate: 400ms }
`);
    for (const group of ["t", "r"]) {
      const runs = view.tasks
        .filter(({ template }) => template === group)
        .flatMap(({ attempts }) => attempts);
      for (const one of runs) {
        const beside = runs.filter(
          (other) =>
            other !== one &&
            other.worker === one.worker &&
            other.launchedAtMs < (one.endedAtMs ?? 0) &&
            one.launchedAtMs < (other.endedAtMs ?? 0),
        );
        expect(beside).toEqual([]);
      }
    }
    expect(view.summary.state).toBe("succeeded");
  });

  it("are skipped, with the reason, once a hard deadline cannot be met, and what waits for them", async () => {
    const view = await run(`
  busy: { array: 0-3, priority: 9, command: [sleep, "1.5"], estimate: 1500ms }
  late: { deadline: { in: 1s, hard: true }, estimate: 500ms, command: ["true"] }
  never: { after: [late], command: ["true"] }
  always: { after: [{ task: late, on: done }], command: ["true"] }
`);
    const ends = view.tasks.slice(4).map(({ name, state, reason }) => [name, state, reason]);
    expect(ends).toEqual([
      ["late", "skipped", "hard_deadline_missed"],
      ["never", "skipped", "dependency_not_met"],
      ["always", "succeeded", ""],
    ]);
    expect(view.tasks[4]?.message).toContain("could no longer be done by its hard deadline");
  });

  it("are left out where their price is less than what they would cost", async () => {
    const view = await run(`
  dear: { optional: { price: 1 }, command: [sleep, "1"], estimate: 30s }
  cheap: { optional: { price: 1000 }, command: ["true"], estimate: 1s }
`);
    const ends = view.tasks.map(({ state, reason }) => [state, reason]);
    expect(ends).toEqual([
      ["skipped", "left_out"],
      ["succeeded", ""],
    ]);
  });

  it("stay together, at once and after one another, where they are to", async () => {
    const view = await run(`
  t: { array: 0-3, colocate: { group: pair, by: rack }, script: "sleep 0.2", estimate: 200ms }
  after: { colocate: { group: pair, by: rack }, after: [t], script: "true", estimate: 100ms }
`);
    expect(view.summary.state).toBe("succeeded");
    expect(new Set(Object.values(placesOf(view))).size).toBe(1);
  });
});

describe("a pool of what is consumed", () => {
  inCluster({
    workers: [{ name: "a", cpu: "2", speed: 1 }],
    masterArgs: [
      "--pools",
      "[{ name: fuel, capacity: 5, kind: consumable }, { name: key, capacity: 1 }]",
    ],
  });

  const fuel = async () => {
    const status = await client.status();
    return status.ok ? status.value.pools?.find(({ name }) => name === "fuel") : undefined;
  };

  it("stays consumed when its tasks have ended and the master has been started again", async () => {
    const text = `name: burns\ntasks:\n  t: { array: 0-2, pools: { fuel: 2, key: 1 }, command: ["true"] }\n`;
    const id = await submitText(client, text);
    const ended = await untilJob(
      client,
      id,
      ({ tasks }) => tasks.filter(({ state }) => state === "succeeded").length === 2,
    );
    expect(ended.summary.state).toBe("running");
    expect(await fuel()).toMatchObject({ capacity: 5, used: 0, consumed: 4 });
    const waits = ended.tasks.find(({ state }) => state !== "succeeded");
    expect(waits).toMatchObject({ state: "ready", reason: "pool_exhausted" });
    await cluster.master.restart();
    await expect.poll(fuel, { timeout: 20_000 }).toMatchObject({ consumed: 4 });
    const enough = `  t: { pools: { fuel: 1 }, command: ["true"] }\n`;
    expect((await run(enough)).summary.state).toBe("succeeded");
    expect(await fuel()).toMatchObject({ consumed: 5 });
  });
});

describe("a task that can run in several ways", () => {
  inCluster({
    workers: [
      { name: "few", cpu: "1", speed: 1 },
      { name: "many", cpu: "4", speed: 1 },
    ],
    masterArgs: ["--pools", "[{ name: fuel, capacity: 2, kind: consumable }]"],
  });

  const ways = (rest: string): string => `
  t:
    script: echo "$WAY"; sleep 0.2
    ${rest}
    modes:
      wide: { resources: { cpu: 4 }, estimate: 300ms, env: { WAY: on four } }
      narrow: { estimate: 3s, env: { WAY: on one } }
`;

  /** Mode and output of each task's only attempt. */
  const ran = (view: JobView): Promise<(string | undefined)[][]> =>
    Promise.all(
      view.tasks.map(async ({ attempts: [attempt] }) => {
        const data = join(directory, `worker-${attempt?.worker}`);
        return [attempt?.mode, (await writtenBy(data, attempt?.id ?? "")).trim()];
      }),
    );

  it("takes the modest one on a machine of few cores, and the other where there are enough", async () => {
    const small = await run(ways(on("few")));
    expect(await ran(small)).toEqual([["narrow", "on one"]]);
    const large = await run(ways(on("many")));
    expect(await ran(large)).toEqual([["wide", "on four"]]);
  });

  it("takes another as soon as a pool has run dry, and says beforehand which", async () => {
    const text = `name: dry
tasks:
  t:
    array: 0-3
    script: echo "$WAY"
    modes:
      burns: { pools: { fuel: 1 }, estimate: 100ms, env: { WAY: burns } }
      walks: { estimate: 4s, env: { WAY: walks } }
`;
    const { spec } = unwrap(parseJob(text, { source: "job.yaml", now: Date.now() }));
    const asked = { spec, idempotencyKey: "", dryRun: true };
    const foreseen = unwrap(await client.submit(asked)).forecast?.tasks ?? [];
    const expected = ["burns", "burns", "walks", "walks"];
    expect(foreseen.map(({ reservation }) => reservation?.mode).sort()).toEqual(expected);
    const both = await ran(await run(text.slice(text.indexOf("  t:"))));
    expect(both.map(([mode]) => mode).sort()).toEqual(expected);
    for (const [mode, output] of both) expect(output).toBe(mode);
    const dry = await ran(await run(text.slice(text.indexOf("  t:")).replace("0-3", "0-0")));
    expect(dry).toEqual([["walks", "walks"]]);
  });
});

describe("a price of workers", () => {
  inCluster({
    workers: [
      { name: "cheap", cpu: "2", speed: 1, costPerHour: 1 },
      { name: "dear", cpu: "2", speed: 2, costPerHour: 10 },
    ],
    masterArgs: ["--objective-cost", "1000"],
  });

  it("sends work to the cheap worker although it is slower, and the plan says what it costs", async () => {
    const job = `name: costs\ntasks:\n  t: { command: [sleep, "1"], array: 0-1, estimate: 4s }\n`;
    const id = await submitText(client, job);
    await untilJob(client, id, ({ tasks }) => tasks.every(({ attempts }) => attempts.length > 0));
    const plan = await client.plan(id);
    if (!plan.ok) throw new Error(plan.error.message);
    expect(plan.value.weights.cost).toBe(1_000);
    expect(plan.value.parts.cost).toBeCloseTo((2 * 4) / 3_600, 3);
    const view = await untilJob(client, id, jobHasEnded);
    expect(placesOf(view)).toEqual({ "t[0]": "cheap", "t[1]": "cheap" });
  });
});
