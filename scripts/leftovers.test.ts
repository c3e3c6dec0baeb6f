import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { markName, processesWith, removeLeftovers } from "./leftovers.mjs";

const start = (mark: string, seconds: number) =>
  spawn("sleep", [String(seconds)], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, [markName]: mark },
  });

it("a process that outlives its run is found, named and ended, even where it was detached", async () => {
  const mark = randomUUID();
  const child = start(mark, 600);
  const ended = new Promise((done) => child.on("exit", (_code, signal) => done(signal)));
  expect(await removeLeftovers(mark, 200)).toEqual([{ pid: child.pid, command: "sleep 600" }]);
  expect(await ended).toBe("SIGKILL");
  expect(processesWith(mark)).toEqual([]);
});

it("one that ends within the grace is not held against the run", async () => {
  const mark = randomUUID();
  start(mark, 0.3);
  expect(await removeLeftovers(mark, 5_000)).toEqual([]);
});

it("processes of another run are left alone", () => {
  const child = start(randomUUID(), 600);
  expect(processesWith(randomUUID())).toEqual([]);
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
});
