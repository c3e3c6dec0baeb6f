import { describe, expect, test } from "vitest";
import type { Result, Violation } from "../core/result.js";
import { speaksTls } from "./address.js";
import { type Config, flagsFromOptions, loadConfig, settings } from "./config.js";
import { configurationPage, exampleConfig } from "./config-docs.js";

function loaded(result: Result<Config>): Config {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
function violations(result: Result<Config>): readonly Violation[] {
  if (result.ok) throw new Error("was accepted");
  return result.error.violations;
}

describe("a setting", () => {
  test("has a default that works without any file", () => {
    const config = loaded(loadConfig({ env: { HOME: "/home/ada" } }));
    expect(config.master.listen).toBe("127.0.0.1:7070");
    expect(config.master.segmentBytes).toBe(64 * 1024 * 1024);
    expect(config.master.dataDirectory).toBe("/home/ada/.local/state/almanac/master");
    expect(config.worker.offer).toEqual({
      cpu: null,
      memory: null,
      disk: null,
      network: null,
      gpus: null,
      overcommit: false,
      custom: {},
    });
  });

  test("is taken from the flag, else the environment, else the file, else the default", () => {
    const fileText = "master: {listen: '127.0.0.1:1', planningWindow: 5}\n";
    const env = { ALMANAC_MASTER_LISTEN: "127.0.0.1:2" };
    const flags = { "master.listen": "127.0.0.1:3" };
    expect(loaded(loadConfig({ flags, env, fileText })).master.listen).toBe("127.0.0.1:3");
    expect(loaded(loadConfig({ env, fileText })).master.listen).toBe("127.0.0.1:2");
    expect(loaded(loadConfig({ fileText })).master.listen).toBe("127.0.0.1:1");
    expect(loaded(loadConfig({ env, fileText })).master.planningWindow).toBe(5);
  });

  test("of every kind can be given as an environment variable", () => {
    const config = loaded(
      loadConfig({
        env: {
          ALMANAC_CLUSTER_COMPLETE: "true",
          ALMANAC_CLUSTER_POOLS: "licence=2",
          ALMANAC_CLUSTER_EXPECTED_WORKERS: "[{cpu: 2, memory: 1Gi}]",
          ALMANAC_MASTER_HEARTBEAT_INTERVAL_MS: "500",
          ALMANAC_MASTER_PLANNER: "off",
          ALMANAC_WORKER_OFFER_CPU: "500m",
          ALMANAC_WORKER_LABELS: "zone=eu,disk=ssd",
          ALMANAC_WORKER_SPEED: "0.5",
          ALMANAC_CLI_MASTER: "",
        },
      }),
    );
    expect(config.cluster).toMatchObject({ complete: true, pools: { licence: 2 } });
    expect(config.cluster.expectedWorkers).toEqual([
      { count: 1, cpu: 2000, memory: 2 ** 30, disk: 0, custom: {}, labels: {}, speed: 1 },
    ]);
    expect(config.master).toMatchObject({ heartbeatIntervalMs: 500, planner: "off" });
    expect(config.worker).toMatchObject({
      offer: { cpu: 500 },
      labels: { zone: "eu", disk: "ssd" },
      speed: 0.5,
    });
    expect(config.cli.master).toBe("127.0.0.1:7070");
  });

  test("has a long flag for every command and a short one for its own", () => {
    const options = { cpu: "2", masterListen: "127.0.0.1:9", name: "w1" };
    expect(flagsFromOptions(options, "worker")).toEqual({
      "worker.offer.cpu": "2",
      "master.listen": "127.0.0.1:9",
      "worker.name": "w1",
    });
    expect(flagsFromOptions({ name: "w1" }, null)).toEqual({});
    const short = settings.map((setting) => `${setting.section} ${setting.shortFlag}`);
    expect(new Set(short).size).toBe(short.length);
  });
});

describe("an address that other machines reach", () => {
  test("is for TLS, which is on by itself", () => {
    const { master } = loaded(loadConfig({ flags: { "master.listen": "0.0.0.0:7070" } }));
    expect(speaksTls(master.tls, master.listen)).toBe(true);
    expect(speaksTls("auto", "127.0.0.1:7070")).toBe(false);
    expect(speaksTls("on", "127.0.0.1:7070")).toBe(true);
  });
});

describe("a wrong value is refused", () => {
  test.each(["0.0.0.0:7070", "192.168.1.4:7070", "[::]:7070", "example.org:7070", "128.0.0.1:1"])(
    "plain text at an address that other machines reach: %s",
    (address) => {
      const flags = { "master.listen": address, "master.tls": "off" };
      const [first] = violations(loadConfig({ flags }));
      expect(first?.field).toBe("master.listen");
      expect(first?.message).toContain("without transport security");
      expect(first?.message).toContain("(from --master-listen)");
    },
  );

  test.each(["127.0.0.1:0", "127.8.9.1:7070", "[::1]:7070", "localhost:7070"])(
    "but not one of this machine: %s",
    (address) => {
      expect(loaded(loadConfig({ flags: { "planner.listen": address } })).planner.listen).toBe(
        address,
      );
    },
  );

  test("in the file with its line, and the key that was meant", () => {
    const fileText = "master:\n  listen: 127.0.0.1:7070\n  heartbeatInterval: 5\nworkr: {}\n";
    expect(violations(loadConfig({ fileText }))).toEqual([
      {
        field: "master.heartbeatInterval",
        line: 3,
        message: "unknown key `heartbeatInterval`; did you mean `heartbeatIntervalMs`?",
      },
      { field: "workr", line: 4, message: "unknown key `workr`; did you mean `worker`?" },
    ]);
  });

  test("of the environment by its variable, and a variable that no setting has", () => {
    const env = {
      ALMANAC_PLANNER_THREADS: "many",
      ALMANAC_MASTER_LISTN: "x",
      ALMANAC_WORKER_SPEED: "-1",
    };
    const found = violations(loadConfig({ env })).map((one) => `${one.field}: ${one.message}`);
    expect(found).toEqual([
      "planner.threads: must be a number, not `many` (from ALMANAC_PLANNER_THREADS)",
      "ALMANAC_MASTER_LISTN: no setting has the environment variable `ALMANAC_MASTER_LISTN`; did you mean `ALMANAC_MASTER_LISTEN`?",
      "worker.speed: must be above 0 (from ALMANAC_WORKER_SPEED)",
    ]);
  });

  test("where two settings contradict each other", () => {
    expect(violations(loadConfig({ flags: { "master.silenceLimitMs": "1500" } }))[0]?.field).toBe(
      "master.silenceLimitMs",
    );
  });

  test.each(["- a\n- b\n", "__proto__: {a: 1}\n", "a: [\n", "master: 5\n", "constructor: {}\n"])(
    "a file that is no config: %j",
    (fileText) => {
      expect(loadConfig({ fileText }).ok).toBe(false);
      expect(loadConfig({ fileText, flags: { "master.listen": "127.0.0.1:1" } }).ok).toBe(
        fileText === "master: 5\n",
      );
    },
  );
});

describe("the documentation", () => {
  test("is the one generated from the schema (npx vitest run spec -u)", async () => {
    await expect(configurationPage()).toMatchFileSnapshot("../docs/configuration.md");
  });

  test("shows an example that is accepted", () => {
    expect(loaded(loadConfig({ fileText: exampleConfig })).cluster.name).toBe("lab");
  });

  test("describes every setting", () => {
    expect(settings.filter((setting) => setting.description === "")).toEqual([]);
  });
});
