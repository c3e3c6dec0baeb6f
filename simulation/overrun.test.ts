/** What stands behind an attempt that runs past its p90 is planned anew before anything has ended. */
import { expect, it } from "vitest";
import { bareEntry, bareJob } from "../core/bare-job.js";
import { defaultSettings } from "../master/pure/genesis.js";
import { solverRegistry } from "../planner/solvers/registry.js";
import { task } from "./regressions/testing/scenario.js";
import { World } from "./world.js";

const solvers = [await solverRegistry["multi-start"].load()];

it("moves to the worker that is free first now", async () => {
  const workers = ["node-0", "node-1"].map((name) => ({
    name,
    cpus: 1,
    memoryBytes: 2 ** 32,
    speed: 1,
    labels: {},
  }));
  const world = new World({ seed: 1, settings: defaultSettings, workers, solvers });
  world.master.start();
  for (const node of world.nodes) world.time.at(10, () => node.powerOn());
  const templates = [
    task("late", 600_000, { estimate: { p50Ms: 20_000, p90Ms: 60_000 } }),
    task("steady", 75_000, { estimate: { p50Ms: 75_000, p90Ms: 80_000 } }),
  ];
  const submit = (name: string, of: typeof templates): void =>
    world.user.submit(
      name,
      bareJob({
        name,
        namespace: "simulated",
        templates: of,
        tasks: of.map((one, index) => bareEntry(one.name, index)),
        edges: [],
      }),
    );
  world.time.at(1_000, () => submit("running", templates));
  world.time.at(2_000, () => submit("waiting", [task("behind", 30_000)]));
  await world.time.run(30_000);
  const entryOf = (name: string) => {
    const { tasks, plan } = world.master.state ?? {};
    const found = [...(tasks?.values() ?? [])].find(({ entry }) => entry.name === name);
    return {
      planned: found === undefined ? undefined : plan?.entries.get(found.id)?.worker,
      runs: found?.attempts.at(-1)?.worker,
    };
  };
  const [late, steady] = [entryOf("late").runs, entryOf("steady").runs];
  expect(new Set([late, steady]).size).toBe(2);
  expect(entryOf("behind").planned).toBe(late);
  // Past its p90 the median of what is left of it is half a minute: the other one ends before.
  await world.time.run(72_000);
  expect(world.durable.some(({ event }) => event.type === "AttemptEnded")).toBe(false);
  expect(entryOf("behind").planned).toBe(steady);
  expect(world.durable.filter(({ event }) => event.type === "AttemptOverran")).toHaveLength(1);
});
