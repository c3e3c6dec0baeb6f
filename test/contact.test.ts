/**
 * Contact lost, for real: a master that is away while its workers work on, and a worker whose network
 * is cut for good.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTwoMachines, type TwoMachines, twoMachinesMissing } from "./support/two-machines.js";

describe("a master away for longer than the silence limit", () => {
  it("finds every end on its return: nothing was killed, nothing ran twice", async () => {
    const folder = mkdtempSync(join(tmpdir(), "almanac-away-"));
    const figures = join(folder, "figures.json");
    const bench = fileURLToPath(new URL("../dist/bench/main.js", import.meta.url));
    const args = ["away", "--away", "7", "--tasks", "12", "--silence-limit", "2000"];
    const child = spawn(process.execPath, [bench, ...args, "--json", figures], { stdio: "ignore" });
    const code = await new Promise((done) => child.once("close", done));
    const found = JSON.parse(readFileSync(figures, "utf8"));
    rmSync(folder, { recursive: true });
    expect(found.faults).toEqual([]);
    expect(found).toMatchObject({ tasks: 24, starts: 24 });
    expect(Math.min(found.endedMeanwhile, found.stillRunning)).toBeGreaterThan(0);
    expect(code).toBe(0);
  }, 60_000);
});

const missing = twoMachinesMissing();

describe.skipIf(missing !== null)(
  `a worker cut off for good${missing === null ? "" : ` (${missing})`}`,
  () => {
    let machines: TwoMachines;
    let at: readonly string[] = [];

    beforeAll(async () => {
      machines = startTwoMachines("10.231.79");
      const master = `${machines.hereAddress}:7070`;
      at = ["--master", master];
      const patience = ["--silence-limit-ms", "2500", "--heartbeat-interval-ms", "250"];
      await machines.serve(
        machines.here,
        ...["master", "--listen", master, "--planner", "off", ...patience],
      );
      await admit(machines.there, "far");
    });
    afterAll(() => machines?.close());

    async function admit(namespace: string, name: string): Promise<void> {
      const { here } = machines;
      const token = await machines.almanac(here, "token", "create", "--worker", name, "-q", ...at);
      const offer = ["--cpu", "4", "--overcommit", "--speed", "1"];
      const join = ["--join", token.said.trim()];
      await machines.serve(namespace, "worker", "--name", name, ...at, ...offer, ...join);
    }

    async function status(): Promise<{ readonly id: string; readonly tasks: readonly Task[] }> {
      const answer = await machines.almanac(machines.here, "status", "latest", "--json", ...at);
      return JSON.parse(answer.said);
    }

    const stateOf = async (name: string): Promise<string> =>
      (await status()).tasks.find((task) => task.name === name)?.state ?? "";

    it("keeps what is to be kept, as unknown; what is to be stopped has ended before it runs elsewhere", async () => {
      const witness = (name: string): string => join(machines.folder, name);
      const say = (name: string): string =>
        `i=0; while [ $i -lt %d ]; do echo "$ALMANAC_WORKER $(date +%s%N)" >>${witness(name)}; i=$((i+1)); sleep 0.05; done`;
      // Where it is cut off it would go on, however long all this takes.
      const onNear = '$([ "$ALMANAC_WORKER" = near ] && echo 120 || echo 4000)';
      const file = join(machines.folder, "job.yaml");
      const text = `name: cut
tasks:
  keep: { script: '${say("keep").replace("%d", "4000")}' }
  stop: { script: '${say("stop").replace("%d", onNear)}', onLost: { stop: 2s }, killGrace: 500ms }
`;
      writeFileSync(file, text);
      expect((await machines.almanac(machines.here, "submit", file, ...at)).code).toBe(0);
      await expect.poll(() => stateOf("stop"), { timeout: 10_000 }).toBe("running");
      await expect.poll(() => stateOf("keep"), { timeout: 10_000 }).toBe("running");
      await admit(machines.here, "near");
      machines.cut();
      const cutAt = `${Date.now()}000000`;

      await expect.poll(() => stateOf("keep"), { timeout: 20_000 }).toBe("unknown");
      const shown = await machines.almanac(machines.here, "status", "latest", ...at);
      const { id } = await status();
      expect(shown.said).toContain(`almanac task resolve '${id}/keep' --as retry`);
      await expect.poll(() => stateOf("stop"), { timeout: 30_000 }).toBe("succeeded");

      const lines = (name: string): string[][] =>
        readFileSync(witness(name), "utf8")
          .trim()
          .split("\n")
          .map((line) => line.split(" "));
      const times = (name: string, worker: string): string[] =>
        lines(name).flatMap(([who, time = ""]) => (who === worker ? [time] : []));
      const [far, near] = [times("stop", "far"), times("stop", "near")];
      expect(near).toHaveLength(120);
      // Cut off, it went on for a while, and was over before the other began.
      expect((far.at(-1) ?? "") > cutAt).toBe(true);
      expect((far.at(-1) ?? "") < (near[0] ?? "")).toBe(true);
      // What is kept has outlived all that, where it was.
      expect(times("keep", "near")).toEqual([]);
      expect((times("keep", "far").at(-1) ?? "") > (near.at(-5) ?? "")).toBe(true);

      const resolve = ["task", "resolve", `${id}/keep`, "--as", "failed", ...at];
      expect((await machines.almanac(machines.here, ...resolve)).code).toBe(0);
      expect(await stateOf("keep")).toBe("failed");
    }, 90_000);
  },
);

interface Task {
  readonly name: string;
  readonly state: string;
}
