/** Tasks that mean harm, run for real: nothing outside their limits comes to any. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AttemptId } from "../core/ids.js";
import { noResources } from "../core/resources.js";
import { writeCredentials } from "../proto/security/credentials.js";
import { readProcess } from "./drivers/process/proc.js";
import { attemptDirectory } from "./ipc/paths.js";
import { segmentPath } from "./logs/segments.js";
import { argv, launch, newAttempt, shell } from "./testing/launches.js";
import { bundleSupervisor, type SupervisorBundle } from "./testing/supervisor-bundle.js";
import { startWorkerFixture, type WorkerFixture } from "./testing/worker-fixture.js";

let bundle: SupervisorBundle;
let worker: WorkerFixture;

beforeAll(async () => {
  bundle = await bundleSupervisor();
});
afterAll(() => bundle.remove());
afterEach(() => worker.close());

const root = process.getuid?.() === 0;

/** The longest silence between two messages of the worker while `during` runs, in milliseconds. */
async function longestSilenceMs(during: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let seen = worker.master.messages.length;
  let at = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - at);
    if (worker.master.messages.length === seen) return;
    seen = worker.master.messages.length;
    at = now;
  }, 10);
  await during();
  clearInterval(timer);
  return longest;
}

/** Its standard output, as the worker has kept it. */
function written(attempt: AttemptId): string {
  const path = segmentPath(attemptDirectory(worker.dataDirectory, attempt), "stdout", 0);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

const limits = (more: { readonly processesMax?: number; readonly user?: string }) => ({
  kind: "process" as const,
  user: more.user ?? null,
  newPrivileges: false,
  openFilesMax: null,
  fileBytesMax: null,
  processesMax: more.processesMax ?? null,
});

const notEnforcedHere = (): readonly string[] =>
  worker.agent.facts().drivers.find(({ name }) => name === "process")?.notEnforced ?? [];
const limitsMemory = (): boolean =>
  worker.agent.facts().drivers.some(({ memoryLimit }) => memoryLimit !== "not_enforced");

describe("a hostile task", () => {
  test("that forks without end stays within its number of processes, and all of them go", async ({
    skip,
  }) => {
    worker = await startWorkerFixture(bundle.entry);
    if (notEnforcedHere().includes("processes")) skip("no control group limits processes here");
    const attempt = newAttempt();
    // A shell that may not fork ends, so the bomb goes off beside the one that is watched.
    const bomb = "(while :; do sleep 30 & done) & (while :; do sleep 30 & done) & exec sleep 30";
    const options = limits({ processesMax: 40 });
    let most = 0;
    const count = (): number =>
      readdirSync("/proc").filter((pid) => {
        try {
          return (
            readProcess(Number(pid)) !== null &&
            readFileSync(`/proc/${pid}/environ`, "latin1").includes(attemptDirectory("", attempt))
          );
        } catch {
          return false;
        }
      }).length;
    const silence = await longestSilenceMs(async () => {
      const given = { timeoutMs: 1_000, killGraceMs: 100, command: { options } };
      worker.master.launch(launch(attempt, shell(bomb), given));
      await worker.master.startOf(attempt);
      for (let i = 0; i < 8; i += 1) {
        await sleep(60);
        most = Math.max(most, count());
      }
      expect((await worker.master.finishOf(attempt)).outcome).toEqual({ kind: "timed_out" });
    });
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThanOrEqual(40);
    expect(count()).toBe(0);
    expect(silence).toBeLessThan(2_000);
  });

  test("that takes all memory is ended, and nobody else is", async ({ skip }) => {
    worker = await startWorkerFixture(bundle.entry);
    if (!limitsMemory()) skip("no control group limits memory here");
    const [hog, neighbour] = [newAttempt(), newAttempt()];
    const resources = { ...noResources, memoryBytes: 48 * 2 ** 20 };
    worker.master.launch(
      launch(neighbour, argv("sleep", "1")),
      // It doubles a text in memory for ever.
      launch(hog, shell('x=0123456789; while :; do x="$x$x"; done'), { resources }),
    );
    expect((await worker.master.finishOf(hog)).outcome).toEqual({ kind: "out_of_memory" });
    expect((await worker.master.finishOf(neighbour)).outcome).toEqual({
      kind: "exited",
      exitCode: 0,
    });
  });

  test("that floods its output keeps a bounded log, and delays no heartbeat", async () => {
    worker = await startWorkerFixture(bundle.entry);
    const attempt = newAttempt();
    const bytes = Number(process.env.ALMANAC_HOSTILE_OUTPUT_BYTES ?? 2 ** 29);
    const flood = argv("head", "-c", String(bytes), "/dev/zero");
    const silence = await longestSilenceMs(async () => {
      worker.master.launch(launch(attempt, flood, { logBytesMax: 1 << 20 }));
      const finished = await worker.master.finishOf(attempt, 120_000);
      expect(finished.stdoutBytes).toBe(bytes);
    });
    expect(silence).toBeLessThan(2_000);
    const directory = attemptDirectory(worker.dataDirectory, attempt);
    const kept = readdirSync(directory).filter((name) => name.startsWith("stdout."));
    const sum = kept.map((name) => statSync(join(directory, name)).size).reduce((a, b) => a + b, 0);
    expect(sum).toBeLessThanOrEqual(1 << 20);
  }, 130_000);

  test("that ignores SIGTERM is killed after its grace, with its children", async () => {
    worker = await startWorkerFixture(bundle.entry);
    const attempt = newAttempt();
    const script =
      'trap "" TERM; (trap "" TERM; while :; do sleep 0.05; done) & while :; do sleep 0.05; done';
    const given = { timeoutMs: 200, killGraceMs: 200 };
    worker.master.launch(launch(attempt, shell(script), given));
    const { pid } = await worker.master.startOf(attempt);
    expect((await worker.master.finishOf(attempt)).outcome).toEqual({ kind: "timed_out" });
    expect(readProcess(pid)).toBeNull();
  });

  test("that leads out of its directory by links harms nothing when it is cleaned up", async () => {
    worker = await startWorkerFixture(bundle.entry, { supervisor: { retainedAttemptsMax: 0 } });
    const outside = join(worker.dataDirectory, "outside");
    mkdirSync(join(outside, "folder"), { recursive: true });
    writeFileSync(join(outside, "folder", "file"), "precious");
    const attempt = newAttempt();
    const script = `ln -s ${outside} link; mkdir sub; ln -s ${outside}/folder sub/folder
      ln -s / sub/everything; ln ${outside}/folder/file hard; mkdir closed; chmod 0 closed
      i=0; while [ $i -lt 300 ]; do mkdir -p deep-directory-name-of-some-length
      cd deep-directory-name-of-some-length; i=$((i+1)); done; ln -s ${outside} link`;
    worker.master.launch(launch(attempt, shell(script)));
    expect((await worker.master.finishOf(attempt)).outcome).toEqual({
      kind: "exited",
      exitCode: 0,
    });
    const directory = attemptDirectory(worker.dataDirectory, attempt);
    await worker.master.waitFor("the clean-up", () => !existsSync(directory));
    expect(readFileSync(join(outside, "folder", "file"), "utf8")).toBe("precious");
  });

  test.runIf(root)(
    "that swaps directories for links while others are removed gets nowhere",
    async () => {
      worker = await startWorkerFixture(bundle.entry, {
        supervisor: {
          retainedAttemptsMax: 1,
          process: { users: ["nobody"], defaultUser: null, newPrivileges: false },
        },
      });
      const outside = join(worker.dataDirectory, "outside");
      mkdirSync(outside, { mode: 0o755 });
      for (let i = 0; i < 50; i += 1) writeFileSync(join(outside, `file-${i}`), "precious");
      const options = limits({ user: "nobody" });
      const [victim, swapper, last] = [newAttempt(), newAttempt(), newAttempt()];
      const fill = "for i in $(seq 300); do mkdir -p d$i; : >d$i/x; done";
      worker.master.launch(launch(victim, shell(fill), { command: { options } }));
      await worker.master.finishOf(victim);
      // Of the same user, so it may change what is being removed.
      const work = join(attemptDirectory(worker.dataDirectory, victim), "work");
      const swap = `while :; do for i in $(seq 300); do
      mv ${work}/d$i ${work}/e$i && ln -s ${outside} ${work}/d$i; done; done 2>/dev/null`;
      const given = { command: { options }, timeoutMs: 1_500, killGraceMs: 0 };
      worker.master.launch(launch(swapper, shell(swap), given));
      await worker.master.startOf(swapper);
      worker.master.launch(launch(last, argv("true")));
      await worker.master.finishOf(last);
      await worker.master.finishOf(swapper);
      expect(readdirSync(outside)).toHaveLength(50);
    },
  );

  test.runIf(root)("that runs as somebody else reads none of the worker's own files", async () => {
    worker = await startWorkerFixture(bundle.entry, {
      supervisor: { process: { users: [], defaultUser: "nobody", newPrivileges: false } },
    });
    const attempt = newAttempt();
    const { dataDirectory } = worker;
    const supervisor = worker.agent.supervisorPid();
    await writeCredentials(dataDirectory, {
      identity: { role: "worker", name: "w1" },
      privateKeyPem: "the key",
      chainPem: "",
      authorityPem: "",
      receivedAtMs: 0,
      lifeMs: 0,
      token: "the token",
    });
    const files = ["credentials.json", "attempts.log", "supervisor.log", "supervisor.sock"];
    expect(files.filter((name) => !existsSync(join(dataDirectory, name)))).toEqual([]);
    const script = `id -u; ls ${dataDirectory} ${dataDirectory}/attempts
      for file in ${files.map((name) => join(dataDirectory, name)).join(" ")} /proc/${supervisor}/environ
      do cat $file; test -r $file && echo readable; test -w $file && echo writable; done
      ls /proc/${supervisor}/fd; rm -rf ${dataDirectory}/attempts.log ${dataDirectory}/attempts
      kill -9 ${supervisor} && echo killed; exit 0`;
    worker.master.launch(launch(attempt, shell(script)));
    await worker.master.finishOf(attempt);
    expect(written(attempt)).toBe("65534\n");
    expect(files.filter((name) => !existsSync(join(dataDirectory, name)))).toEqual([]);
  });

  test.runIf(root)("reads nothing of a task of another user, and no log of anybody", async () => {
    worker = await startWorkerFixture(bundle.entry, {
      supervisor: { process: { users: ["daemon"], defaultUser: "nobody", newPrivileges: false } },
    });
    const [victim, sibling, spy] = [newAttempt(), newAttempt(), newAttempt()];
    const keep = shell("echo precious >secret; echo precious; exec sleep 30");
    const env = { PASSWORD: "precious" };
    worker.master.launch(
      launch(victim, keep, { command: { env, options: limits({ user: "daemon" }) } }),
      launch(sibling, keep, { command: { env } }),
    );
    const { pid } = await worker.master.startOf(victim);
    await worker.master.startOf(sibling);
    const directoryOf = (attempt: AttemptId): string =>
      attemptDirectory(worker.dataDirectory, attempt);
    await worker.master.waitFor("what the others write", () =>
      [victim, sibling].every((one) => written(one) === "precious\n"),
    );
    const script = `cat ${directoryOf(victim)}/work/secret /proc/${pid}/environ /proc/${pid}/cwd/secret
      ls ${directoryOf(victim)}; kill -9 ${pid} && echo killed
      cat ${directoryOf(victim)}/stdout.* ${directoryOf(sibling)}/stdout.${"0".repeat(15)}; id -un`;
    worker.master.launch(launch(spy, shell(script)));
    await worker.master.finishOf(spy);
    expect(written(spy)).toBe("nobody\n");
    expect(readProcess(pid)).not.toBeNull();
  });

  test.runIf(root)("writes nothing outside its directory, by links or otherwise", async () => {
    worker = await startWorkerFixture(bundle.entry, {
      supervisor: { process: { users: [], defaultUser: "nobody", newPrivileges: false } },
    });
    const outside = join(worker.dataDirectory, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "precious");
    const attempt = newAttempt();
    const directory = attemptDirectory(worker.dataDirectory, attempt);
    // Its logs are written by the worker, who must not be led elsewhere by what it puts in their place.
    const script = `ln -s ${outside}/file link; echo x >link; echo x >${outside}/new
      ln ${outside}/file hard && echo linked
      cd ..; rm -f stdout.*; mv work away; ln -s ${outside} stdout.000000000000000; echo x >>script; cd /
      echo done`;
    worker.master.launch(launch(attempt, shell(script)));
    await worker.master.finishOf(attempt);
    expect(readdirSync(outside)).toEqual(["file"]);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("precious");
    expect(written(attempt)).toBe("done\n");
    expect(statSync(join(directory, "work")).isDirectory()).toBe(true);
  });
});
