import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noResources } from "../../../core/resources.js";
import { digest } from "../../ipc/paths.js";
import { processTraits } from "../../testing/contract/traits.js";
import { driverContract } from "../../testing/driver-contract.js";
import {
  createHarness,
  type DriverHarness,
  factsOf,
  startOf,
} from "../../testing/driver-harness.js";
import { argv, command, newAttempt, shell } from "../../testing/launches.js";
import { fileText, goneWithin } from "../../testing/worker-fixture.js";
import { readProcess } from "./proc.js";
import { createProcessDriver } from "./process.js";

driverContract(
  "process, with control groups where the host has them",
  (dataDirectory) => createProcessDriver({ dataDirectory }),
  processTraits,
);
driverContract(
  "process, without control groups",
  (dataDirectory) => createProcessDriver({ dataDirectory, useCgroups: false }),
  processTraits,
);

let harness: DriverHarness;
beforeAll(async () => {
  harness = await createHarness((dataDirectory) => createProcessDriver({ dataDirectory }));
});
afterAll(() => harness.close());

/** What this host really enforces decides which promises can be kept, and so tested, here. */
const probe = await createHarness((dataDirectory) => createProcessDriver({ dataDirectory }));
const { cpuLimit, memoryLimit } = factsOf(probe.driver);
afterAll(() => probe.close());
const limitsMemory = memoryLimit !== "not_enforced";
const limitsCpu = cpuLimit !== "not_enforced";

const python = existsSync("/usr/bin/python3");
const burn = "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done";

describe("a program that cannot run says why", () => {
  const failures: [string, () => Parameters<typeof command>, RegExp][] = [
    ["no permission", () => [argv(plainFile(0o644))], /no permission/],
    ["a directory", () => [argv("/tmp")], /not found/],
    ["no working directory", () => [argv("true"), { workingDirectory: "/nowhere" }], /nowhere/],
    ["a relative working directory", () => [argv("true"), { workingDirectory: "x" }], /absolute/],
    ["an empty argument vector", () => [argv()], /empty/],
  ];
  test.each(failures)("%s", async (_name, given, words) => {
    const start = startOf(harness.dataDirectory, { command: command(...given()) });
    const result = await harness.driver.start(start);
    expect(result.ok ? "" : result.error).toMatch(words);
  });

  test("an interpreter that is not there shows only at execve", async () => {
    const path = plainFile(0o755, "#!/no/such/interpreter\n");
    const end = await harness.end({ command: command(argv(path)) });
    expect(end.outcome).toEqual({
      kind: "not_started",
      message: expect.stringMatching(/not found/),
    });
  });

  test("a program's own code 127 is an exit code", async () => {
    const end = await harness.end({ command: command(shell("exit 127")) });
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 127 });
  });

  function plainFile(mode: number, text = "text"): string {
    const path = join(harness.dataDirectory, `file-${newAttempt().replaceAll("/", "-")}`);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }
});

describe("where a program runs", () => {
  test("each attempt has a directory of its own, or the one that the task names", async () => {
    const [own, named] = [newAttempt(), newAttempt()];
    const other = join(harness.dataDirectory, "other");
    mkdirSync(other);
    await harness.end({ attempt: own, command: command(argv("pwd")) });
    await harness.end({
      attempt: named,
      command: command(argv("pwd"), { workingDirectory: other }),
    });
    expect(await harness.log(own, "stdout")).toMatch(/attempts\/.*\/work\n$/);
    expect(await harness.log(named, "stdout")).toBe(`${other}\n`);
  });

  test("a script longer than one argument may be runs all the same", async () => {
    const attempt = newAttempt();
    const script = `${"# comment\n".repeat(30_000)}echo done`;
    await harness.end({ attempt, command: command(shell(script)) });
    expect(await harness.log(attempt, "stdout")).toBe("done\n");
  });
});

describe("nothing is left behind", () => {
  test("children of a program that has ended are killed", async () => {
    const pidFile = join(harness.dataDirectory, "child-pid");
    await harness.end({ command: command(shell(`sleep 60 & echo $! >${pidFile}`)) });
    expect(readProcess(Number(await fileText(pidFile)))).toBeNull();
  });

  test.each([true, false])(
    "nor what has left the group (control groups: %s)",
    async (useCgroups) => {
      const own = await createHarness((dataDirectory) =>
        createProcessDriver({ dataDirectory, useCgroups }),
      );
      const pidFile = join(own.dataDirectory, "escaped-pid");
      const script = `setsid sh -c 'echo $$ >${pidFile}; exec sleep 60' & sleep 0.2`;
      await own.end({ command: command(shell(script)) });
      await goneWithin(Number(await fileText(pidFile)), 100);
      await own.close();
    },
  );

  test("a stop reaches the whole process group", async () => {
    const pidFile = join(harness.dataDirectory, "group-pid");
    const running = await harness.run({
      command: command(shell(`sh -c 'echo $$ >${pidFile}; exec sleep 60'; exit 0`)),
    });
    const child = Number(await fileText(pidFile));
    running.stop(2_000);
    await running.ended;
    expect(readProcess(child)).toBeNull();
  });
});

describe("limits", () => {
  test.runIf(limitsMemory && python)("memory past the limit ends as out_of_memory", async () => {
    const end = await harness.end({
      command: command(argv("python3", "-c", "x = bytearray(300_000_000); print(len(x))")),
      resources: { ...noResources, memoryBytes: 64 * 1024 * 1024 },
    });
    expect(end.outcome).toEqual({ kind: "out_of_memory" });
    expect(end.usage.peakMemoryBytes).toBeGreaterThan(32 * 1024 * 1024);
    expect(end.usage.peakMemoryBytes).toBeLessThanOrEqual(64 * 1024 * 1024);
  });

  test.runIf(limitsCpu)("half a core takes twice the time", async () => {
    const elapsed = async (cpuMillis: number): Promise<number> => {
      const startedAt = Date.now();
      const resources = { ...noResources, cpuMillis };
      const end = await harness.end({ command: command(shell(burn)), resources });
      expect(end.usage.cpuMs).toBeGreaterThan(20);
      return (Date.now() - startedAt) / (end.usage.cpuMs ?? 1);
    };
    expect(await elapsed(300)).toBeGreaterThan(2.2);
  });

  test.runIf(limitsCpu)("a throttled attempt is slower by the factor", async () => {
    const startedAt = Date.now();
    const resources = { ...noResources, cpuMillis: 1_000 };
    const start = { command: command(shell(burn)), resources, throttle: 0.25 };
    const end = await harness.end(start);
    expect((Date.now() - startedAt) / (end.usage.cpuMs ?? 1)).toBeGreaterThan(2.5);
  });

  test("without control groups usage is sampled, and the facts say what is not enforced", async () => {
    const own = await createHarness((dataDirectory) =>
      createProcessDriver({ dataDirectory, useCgroups: false }),
    );
    const end = await own.end({ command: command(shell(`${burn}; sleep 0.3`)) });
    expect(factsOf(own.driver)).toMatchObject({
      name: "process",
      cpuLimit: "not_enforced",
      memoryLimit: "not_enforced",
      notEnforced: expect.arrayContaining(["processes", "disk"]),
    });
    expect(end.usage.peakMemoryBytes).toBeGreaterThan(100_000);
    await own.close();
  });

  test("control groups go with their attempts", async () => {
    const own = await createHarness((dataDirectory) => createProcessDriver({ dataDirectory }));
    const pattern = `almanac-${digest(own.dataDirectory)}*`;
    const groups = (): string[] =>
      execFileSync("find", ["/sys/fs/cgroup", "-path", `*/${pattern}`])
        .toString()
        .split("\n");
    const running = await own.run({ command: command(argv("sleep", "60")) });
    expect(groups().length > 1).toBe(limitsCpu || limitsMemory);
    running.stop(1_000);
    await running.ended;
    await own.close();
    await sleep(30);
    expect(groups()).toEqual([""]);
  });
});
