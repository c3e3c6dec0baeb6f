import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DockerOptions } from "../../../core/drivers.js";
import { taskOfAttempt } from "../../../core/ids.js";
import type { Driver } from "../../driver.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { dockerTraits } from "../../testing/contract/traits.js";
import { startDockerDaemon } from "../../testing/docker-daemon.js";
import { dockerOptions, dockerPolicy } from "../../testing/docker-options.js";
import { driverContract } from "../../testing/driver-contract.js";
import { createHarness, type DriverHarness } from "../../testing/driver-harness.js";
import { argv, command, newAttempt, shell } from "../../testing/launches.js";
import { processesWithEnvironment } from "../process/proc.js";
import { createDockerDriver } from "./docker.js";
import type { DockerPolicy } from "./policy.js";

const { daemon, reason } = await startDockerDaemon();
afterAll(() => daemon?.close());

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const driverWith =
  (more: Partial<DockerPolicy> = {}, onChange: () => void = () => undefined) =>
  (dataDirectory: string): Promise<Driver> => {
    const policy = dockerPolicy({ socket: daemon?.socket ?? "", ...more });
    return createDockerDriver({ dataDirectory, policy, log, onChange, probeEveryMs: 200 });
  };

test("without a daemon the driver is absent and says why", async () => {
  const harness = await createHarness(driverWith({ socket: "/nowhere/docker.sock" }));
  expect(harness.driver.standing()).toEqual({
    kind: "unavailable",
    driver: { name: "docker", reason: "no Docker daemon at /nowhere/docker.sock" },
  });
  await harness.close();
});

describe.skipIf(daemon === null)(`Docker for real${reason === null ? "" : `: ${reason}`}`, () => {
  driverContract("docker", driverWith(), dockerTraits(daemon));

  let harness: DriverHarness;
  beforeAll(async () => {
    harness = await createHarness(driverWith(), dockerOptions());
  });
  afterAll(() => harness.close());

  const containers = async (): Promise<string[]> =>
    ((await daemon?.containers()) ?? []).map(({ Image }) => Image);
  /** What a script prints. */
  const output = async (
    script: string,
    more: Partial<DockerOptions> = {},
    own: DriverHarness = harness,
  ): Promise<string> => {
    const attempt = newAttempt();
    const options = dockerOptions(more);
    const end = await own.end({ attempt, command: command(shell(script), { options }) });
    expect(end.outcome).toMatchObject({ kind: "exited" });
    return (await own.log(attempt, "stdout")).trim();
  };

  describe("a container is closed by default", () => {
    test("it runs as nobody, with no capability, no new privileges and no network", async () => {
      const status = await output(
        "id -u; id -g; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; ls /sys/class/net",
      );
      expect(status.split(/\s+/)).toEqual([
        ...["65534", "65534", "CapEff:", "0000000000000000", "CapBnd:", "0000000000000000"],
        ...["NoNewPrivs:", "1", "lo"],
      ]);
    });

    test("it writes to its own directory and to nothing else", async () => {
      const places = "/ /etc /tmp /dev/shm . $ALMANAC_ATTEMPT_DIRECTORY $HOME $TMPDIR";
      const script = `for d in ${places}; do (: >$d/x) 2>/dev/null && echo "$d"; done; pwd`;
      const work = "/almanac/work";
      expect((await output(script)).split("\n")).toEqual(["/dev/shm", ".", work, work, work]);
    });

    test("it forks no further than its limit", async () => {
      const script =
        "(for i in $(seq 60); do sleep 5 & done) 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; ls -d /proc/[0-9]* | wc -l";
      const attempt = newAttempt();
      const options = dockerOptions({ processesMax: 20 });
      await harness.end({ attempt, command: command(shell(script), { options }) });
      const shown = (await harness.log(attempt, "stdout")).trim().split("\n");
      expect(Number(shown.at(-1) ?? 0)).toBeLessThanOrEqual(21);
    });
  });

  describe("a hostile container", () => {
    test("sees nothing of its worker: no file, no process, no daemon", async () => {
      writeFileSync(join(harness.dataDirectory, "credentials.json"), "precious", { mode: 0o644 });
      const script = `cat ${harness.dataDirectory}/credentials.json ${daemon?.socket ?? ""}
        ls -d /proc/[0-9]* | wc -l; cat /proc/*/environ | grep -ac "^PATH=.*dockerd"
        kill -9 ${process.pid} ${process.ppid} && echo killed; mknod b b 254 0 && echo made; exit 0`;
      const seen = (await output(script)).split("\n");
      // Itself, the container's init, and what it runs to find that out.
      expect(Number(seen[0])).toBeLessThanOrEqual(5);
      expect(seen.slice(1)).toEqual(["0"]);
    });

    test("that forks without end and ignores SIGTERM goes as a whole, when it is told to", async () => {
      const attempt = newAttempt();
      const bomb =
        'trap "" TERM; (while :; do sleep 30 & done) 2>/dev/null & while :; do sleep 0.1; done';
      const options = dockerOptions({ processesMax: 30 });
      const running = await harness.run({ attempt, command: command(shell(bomb), { options }) });
      await sleep(500);
      running.stop(200);
      expect((await running.ended).outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
      await expect.poll(containers).toEqual([]);
      const path = attemptDirectory(harness.dataDirectory, attempt);
      expect(processesWithEnvironment(`ALMANAC_ATTEMPT_DIRECTORY=${path}`)).toEqual([]);
    });

    test("that floods its output keeps a bounded log", async () => {
      const attempt = newAttempt();
      const flood = argv("head", "-c", "20000000", "/dev/zero");
      await harness.end({ attempt, command: command(flood), logBytesMax: 1 << 16 });
      expect((await harness.log(attempt, "stdout")).length).toBeLessThanOrEqual(1 << 16);
    });

    test("leads nobody out of its directory by links", async () => {
      const outside = join(harness.dataDirectory, "outside");
      mkdirSync(outside);
      writeFileSync(join(outside, "file"), "precious");
      const script = `ln -s ${outside} link; echo x >link/new; ln -s ${outside}/file file; echo x >file; echo done`;
      expect(await output(script)).toBe("done");
      expect(readdirSync(outside)).toEqual(["file"]);
      expect(readFileSync(join(outside, "file"), "utf8")).toBe("precious");
    });
  });

  test("what a task asks for and the policy allows is there", async () => {
    const data = join(harness.dataDirectory, "data");
    mkdirSync(data);
    writeFileSync(join(data, "in"), "from the node");
    const policy = { allowedMounts: [data], allowedCapabilities: ["CHOWN"], allowRoot: true };
    const own = await createHarness(driverWith(policy));
    const shown = await output(
      "id -u; grep CapBnd /proc/self/status; : >/scratch/x && df /scratch | grep -c tmpfs; cat /data/in; (: >/data/out) 2>/dev/null || echo ' closed'",
      {
        user: "0",
        capabilities: ["CHOWN"],
        mounts: [{ source: data, target: "/data", writable: false }],
        tmpfs: [{ target: "/scratch", bytes: 1 << 20 }],
      },
      own,
    );
    expect(shown.split("\n")).toEqual([
      "0",
      "CapBnd:\t0000000000000001",
      "1",
      "from the node closed",
    ]);
    await own.close();
  });

  describe("what cannot be started names the setting", () => {
    const failures: [string, Partial<DockerOptions>, RegExp][] = [
      [
        "an image that is not there",
        { image: "absent:1", pull: "never" },
        /^docker\.image: absent:1/,
      ],
      [
        "one that cannot be pulled",
        { image: "127.0.0.1:9/absent:1" },
        /^docker\.image: .*cannot be pulled/,
      ],
      ["a user not in the image", { user: "ada" }, /^docker\.user: the image has no ada/],
      ["an unknown capability", { capabilities: ["NO_SUCH"] }, /^docker\.capabilities/],
    ];
    test.each(failures)("%s", async (_name, more, words) => {
      const policy = { allowRoot: true, allowedCapabilities: ["NO_SUCH"] };
      const own = await createHarness(driverWith(policy), dockerOptions(more));
      expect(await own.failure({ command: command(argv("true")) })).toMatch(words);
      await own.close();
    });

    test("what the policy does not allow", async () => {
      const options = dockerOptions({ writableRoot: true });
      const words = await harness.failure({ command: command(argv("true"), { options }) });
      expect(words).toBe("docker.writableRoot: worker.docker.allowWritableRoot is off");
    });
  });

  test("a script longer than one argument may be runs all the same", async () => {
    expect(await output(`${"# comment\n".repeat(30_000)}echo done`)).toBe("done");
  });

  test("usage is what the control group counted", async () => {
    const busy = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; sleep 0.6";
    const { usage } = await harness.end({ command: command(shell(busy)) });
    expect(usage.cpuMs).toBeGreaterThan(20);
    expect(usage.peakMemoryBytes).toBeGreaterThan(100_000);
  });

  test("containers go when their attempts have ended, images stay", async () => {
    await harness.end({ command: command(argv("true")) });
    await expect.poll(containers).toEqual([]);
    const images = (await daemon?.docker.listImages()) ?? [];
    expect(images.flatMap(({ RepoTags }) => RepoTags ?? [])).toContain("almanac-test:1");
  });

  describe("the daemon dies and returns", () => {
    const count = "for i in $(seq 70); do echo $i; echo e$i >&2; sleep 0.1; done; exit 7";
    const expected = (prefix = ""): string =>
      Array.from({ length: 70 }, (_, index) => `${prefix}${index + 1}\n`).join("");

    test("attempts go on: output whole, no end that was not seen, the code right", async () => {
      const attempts = [newAttempt(), newAttempt()];
      const runs = await Promise.all(
        attempts.map((attempt) => harness.run({ attempt, command: command(shell(count)) })),
      );
      await sleep(700);
      await daemon?.kill();
      let ended = false;
      const ends = Promise.all(runs.map((run) => run.ended)).finally(() => {
        ended = true;
      });
      await sleep(1_500);
      expect(ended).toBe(false);
      await daemon?.start();
      for (const end of await ends) expect(end.outcome).toEqual({ kind: "exited", exitCode: 7 });
      for (const attempt of attempts) {
        expect(await harness.log(attempt, "stdout")).toBe(expected());
        expect(await harness.log(attempt, "stderr")).toBe(expected("e"));
      }
    });

    test("one that ended meanwhile is reported when the daemon is back", async () => {
      const running = await harness.run({ command: command(shell("sleep 0.5; exit 9")) });
      await daemon?.kill();
      await sleep(1_000);
      await daemon?.start();
      expect((await running.ended).outcome).toEqual({ kind: "exited", exitCode: 9 });
    });

    test("stopped and reaped attempts end without it, and it is offered again when back", async () => {
      let changes = 0;
      const own = await createHarness(
        driverWith({}, () => {
          changes += 1;
        }),
        dockerOptions(),
      );
      const [stopped, reaped] = [newAttempt(), newAttempt()];
      const forever = command(shell("trap '' TERM; while :; do sleep 0.1; done"));
      const runs = await Promise.all(
        [stopped, reaped].map((attempt) => own.run({ attempt, command: forever })),
      );
      const alive = (): number =>
        [stopped, reaped].flatMap((attempt) =>
          processesWithEnvironment(`ALMANAC_TASK_ID=${taskOfAttempt(attempt)}`),
        ).length;
      expect(alive()).toBeGreaterThan(0);
      await daemon?.kill();
      await expect.poll(() => own.driver.standing().kind).toBe("unavailable");
      runs[0]?.stop(100);
      await own.driver.reap(reaped, attemptDirectory(own.dataDirectory, reaped), null);
      await expect.poll(alive, { timeout: 8_000 }).toBe(0);
      await daemon?.start();
      await expect.poll(() => own.driver.standing().kind).toBe("available");
      for (const run of runs) {
        expect((await run.ended).outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
      }
      expect(changes).toBe(2);
      await own.close();
      await expect.poll(containers).toEqual([]);
    });
  });
});
