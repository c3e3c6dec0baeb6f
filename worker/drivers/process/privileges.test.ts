import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProcessOptions } from "../../../core/drivers.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { createSecretPlaces, secretFilesIn } from "../../secrets/places.js";
import { createHarness, type DriverHarness, startOf } from "../../testing/driver-harness.js";
import { argv, command, newAttempt, shell } from "../../testing/launches.js";
import {
  closedPolicy,
  confine,
  type HostTools,
  notEnforced,
  probeHostTools,
} from "./privileges.js";
import { createProcessDriver } from "./process.js";
import { executionFailure } from "./wrapper.js";

const passwd = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
const host: HostTools = {
  setpriv: "/usr/bin/setpriv",
  prlimit: "/usr/bin/prlimit",
  noNewPrivileges: false,
  uid: 0,
  limitsProcesses: true,
  passwd,
};
const asks = (more: Partial<ProcessOptions>): ProcessOptions => ({
  kind: "process",
  user: null,
  newPrivileges: false,
  openFilesMax: null,
  fileBytesMax: null,
  processesMax: null,
  ...more,
});
const alice = { ...closedPolicy, users: ["alice"] };

describe("what a worker allows", () => {
  test.each([
    ["another user", asks({ user: "alice" }), closedPolicy, host, /worker\.process\.users/],
    ["an unknown user", asks({ user: "bob" }), alice, host, /no user bob/],
    [
      "root, past a default user",
      asks({ user: "0" }),
      { ...alice, defaultUser: "alice" },
      host,
      /users/,
    ],
    [
      "another user, not being root",
      asks({ user: "alice" }),
      alice,
      { ...host, uid: 1001 },
      /root/,
    ],
    [
      "another user without setpriv",
      asks({ user: "1000" }),
      alice,
      { ...host, setpriv: null },
      /setpriv/,
    ],
    [
      "new privileges",
      asks({ newPrivileges: true }),
      alice,
      host,
      /worker\.process\.newPrivileges/,
    ],
    [
      "limits without prlimit",
      asks({ openFilesMax: 9 }),
      alice,
      { ...host, prlimit: null },
      /prlimit/,
    ],
    [
      "a limit of processes that nothing would keep",
      asks({ processesMax: 9 }),
      alice,
      { ...host, limitsProcesses: false },
      /process\.processes/,
    ],
  ] as const)("refuses %s, and says what forbids it", (_name, options, policy, tools, words) => {
    const confined = confine(options, policy, tools);
    expect(confined.ok ? "" : confined.error).toMatch(words);
  });

  test("without a word a program stays who the worker is, and gains nothing", () => {
    expect(confine(null, closedPolicy, host)).toEqual({
      ok: true,
      value: {
        user: null,
        prefix: ["/usr/bin/setpriv", "--no-new-privs", "--"],
        processesMax: null,
      },
    });
  });

  test("a default user is everybody's who names none", () => {
    const confined = confine(null, { ...closedPolicy, defaultUser: "alice" }, host);
    expect(confined.ok && confined.value.user).toMatchObject({ uid: 1000, gid: 1000 });
  });

  test("without control groups the number of processes is limited per user", () => {
    const tools = { ...host, limitsProcesses: false };
    const confined = confine(asks({ user: "alice", processesMax: 9 }), alice, tools);
    expect(confined.ok && confined.value.prefix).toContain("--nproc=9:9");
  });
});

test("a limit past the worker's own is named as the task knows it", () => {
  const directory = mkdtempSync(join(tmpdir(), "almanac-wrapper-"));
  const words = "failed to set the NOFILE resource limit: Operation not permitted";
  writeFileSync(join(directory, "stderr.000000000000000"), `prlimit: ${words}\n`);
  expect(executionFailure(directory, 1)).toBe(`process.openFiles: ${words}`);
  writeFileSync(join(directory, "stderr.000000000000000"), `working\nprlimit: ${words}\n`);
  expect(executionFailure(directory, 1)).toBeNull();
  rmSync(directory, { recursive: true });
});

test("a worker without privileges to give needs no program that takes them away", () => {
  const inherited = { ...host, noNewPrivileges: true };
  const prefixOn = (one: HostTools, options: ProcessOptions | null = null) => {
    const confined = confine(options, alice, one);
    return confined.ok ? confined.value.prefix : confined.error;
  };
  expect(prefixOn(host)).toEqual(["/usr/bin/setpriv", "--no-new-privs", "--"]);
  expect(prefixOn(inherited)).toEqual([]);
  expect(prefixOn(inherited, asks({ user: "alice" }))).toContain("--inh-caps=-all");
  expect(notEnforced({ ...inherited, setpriv: null })).toEqual(["disk"]);
});

const real = probeHostTools(true);
const tools = real.setpriv !== null && real.prlimit !== null;
const asRoot = real.uid === 0 && tools && /^nobody:/m.test(real.passwd);

/** Skipped, visibly, without setpriv(1) and prlimit(1) of util-linux; users need root as well. */
describe("programs with less than the worker has", () => {
  let harness: DriverHarness;
  beforeAll(async () => {
    harness = await createHarness((dataDirectory) =>
      createProcessDriver({ dataDirectory, policy: { ...closedPolicy, users: ["nobody"] } }),
    );
  });
  afterAll(() => harness.close());

  const outputOf = async (script: string, more: Partial<ProcessOptions> = {}): Promise<string> => {
    const attempt = newAttempt();
    await harness.end({ attempt, command: command(shell(script), { options: asks(more) }) });
    const [out, err] = [await harness.log(attempt, "stdout"), await harness.log(attempt, "stderr")];
    return (out + err).trim();
  };

  test.runIf(tools)("gain no privileges, and dump no core", async () => {
    expect(await outputOf("grep NoNewPrivs /proc/self/status; ulimit -c")).toBe(
      "NoNewPrivs:\t1\n0",
    );
  });

  test.runIf(tools)("have the limits that were asked for", async () => {
    const script = "ulimit -n; head -c 100000 /dev/zero >big; wc -c <big";
    const output = await outputOf(script, { openFilesMax: 64, fileBytesMax: 65_536 });
    expect(output.split("\n")[0]).toBe("64");
    expect(output).toMatch(/65536/);
  });

  test.runIf(asRoot)(
    "run as the user, in no other groups, and can use what is theirs",
    async () => {
      const script = "id -u; id -G; echo x >file; cat file; echo out >/dev/stdout; pwd >/dev/null";
      expect(await outputOf(script, { user: "nobody" })).toBe("65534\n65534\nx\nout");
      const attempt = newAttempt();
      const read = command(argv("cat", "/dev/stdin"), {
        stdin: "input",
        options: asks({ user: "nobody" }),
      });
      await harness.end({ attempt, command: read });
      expect(await harness.log(attempt, "stdout")).toBe("input");
      expect(await outputOf(`${"# comment\n".repeat(20_000)}echo long`, { user: "nobody" })).toBe(
        "long",
      );
    },
  );

  test.runIf(asRoot)("see neither the worker's files nor another attempt's", async () => {
    const other = newAttempt();
    await harness.end({ attempt: other, command: command(shell("echo secret >mine")) });
    const secret = join(harness.dataDirectory, "attempts.log");
    writeFileSync(secret, "secret", { mode: 0o600 });
    const theirs = attemptDirectory(harness.dataDirectory, other);
    const tries = [
      `ls ${harness.dataDirectory}`,
      `ls ${join(harness.dataDirectory, "attempts")}`,
      `cat ${secret}`,
      `cat ${theirs}/work/mine`,
      `cat ${theirs}/stdout.*`,
      `touch ../mark`,
      `cat /proc/1/environ`,
    ];
    for (const one of tries) {
      expect([one, await outputOf(`${one} && echo REACHED`, { user: "nobody" })]).toEqual([
        one,
        expect.stringMatching(/[Pp]ermission denied/),
      ]);
    }
  });

  test.runIf(asRoot)(
    "have secret files that no other user has, and do not see others'",
    async () => {
      const places = createSecretPlaces(harness.dataDirectory);
      const made = async (text: string) => {
        const attempt = newAttempt();
        const valueBase64 = Buffer.from(text).toString("base64");
        const result = await places.make(attempt, [{ path: "tls/key", valueBase64 }]);
        if (!result.ok) throw new Error(result.error);
        return { attempt, directory: result.value };
      };
      try {
        const [own, other] = [await made("mine"), await made("theirs")];
        const theirs = join(secretFilesIn(other.directory), "tls/key");
        const script = `cd $ALMANAC_SECRETS_DIRECTORY
cat tls/key; stat -c ' %a %u' tls/key; ls .. 2>/dev/null && echo LISTED; cat ${theirs} 2>/dev/null && echo REACHED; :`;
        const end = await harness.end({
          attempt: own.attempt,
          command: command(shell(script), { options: asks({ user: "nobody" }) }),
          secrets: { directory: own.directory, hasFiles: true },
        });
        expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
        expect(await harness.log(own.attempt, "stdout")).toBe("mine 400 65534\n");
      } finally {
        await places.keepOnly([]);
        await places.close();
      }
    },
  );

  test.runIf(asRoot)("a data directory that the user cannot reach is named", async () => {
    const closed = join(harness.dataDirectory, "closed");
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(closed, 0o700);
    const directory = join(closed, "attempt");
    const options = asks({ user: "nobody" });
    const start = startOf(harness.dataDirectory, {
      directory,
      command: command(argv("true"), { options }),
    });
    const result = await harness.driver.start(start);
    expect(result.ok ? "" : result.error).toMatch(/nobody may not enter .*closed.*dataDirectory/);
  });

  test.runIf(asRoot)("a program that the user may not run ends as not started", async () => {
    const path = join(harness.dataDirectory, "roots-own");
    writeFileSync(path, "#!/bin/sh\n", { mode: 0o700 });
    const end = await harness.end({
      command: command(argv(path), { options: asks({ user: "nobody" }) }),
    });
    expect(end.outcome).toEqual({ kind: "not_started", message: `${path}: no permission` });
  });
});
